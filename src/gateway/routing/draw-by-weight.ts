// One of the candidates at random, each with the chance that its weight gives it.
import type { Candidate } from "./strategy.ts";

/**
 * Leaves out `except`. A candidate of weight 0 is drawn only when the weight of all, `except` included, is 0; those have equal
 * chances then. Null when nothing is left to draw. Two passes, no memory.
 */
export function drawByWeight(candidates: readonly Candidate[], random: () => number, except: Candidate | null): Candidate | null {
  let total = 0;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    if (candidate !== except) total += candidate.target.deployment.weight;
  }
  const areAllZero = total === 0 && (except === null || except.target.deployment.weight === 0);
  if (areAllZero) total = candidates.length - (except === null ? 0 : 1);
  let left = random() * total;
  let last: Candidate | null = null;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    const weight = areAllZero ? 1 : candidate.target.deployment.weight;
    if (candidate === except || weight === 0) continue;
    last = candidate;
    left -= weight;
    if (left < 0) return candidate;
  }
  // Nothing could be drawn, or rounding used the sum up too early.
  return last;
}

/** The weights as `drawByWeight` takes them, when nobody is left out: all equal when none has one. */
export function weightsToDraw(candidates: readonly Candidate[]): number[] {
  const weights = candidates.map(({ target }) => target.deployment.weight);
  return weights.every((weight) => weight === 0) ? weights.map(() => 1) : weights;
}
