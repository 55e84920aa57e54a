// The strategy `balanced`: of two drawn at random, the one that is expected to answer first, as far as that is more than noise.
import { drawByWeight, weightsToDraw } from "./draw-by-weight.ts";
import type { Candidate, Standings, Strategy } from "./strategy.ts";

/** Added to every latency: differences of a few ms are those of the machine, not of the endpoint. */
const latencyFloorMs = 5;
/** Added to the attempts in flight of either: with few of them, one more or less says little. */
const inFlightFloor = 2;
/** Costs within this factor of each other count as equal. */
const tolerance = 1.5;
/** The chance of an idle candidate to be kept, whatever its cost: or nobody would learn that it has become quick again. */
const trialChance = 0.02;

/**
 * Power of two choices (Mitzenmacher 2001) over the expected time to a first byte × the attempts in flight per weight. The
 * first is drawn by weight and stays, so that equal deployments share exactly by weight, unless the second is cheaper by more
 * than the tolerance; then it stays with a chance that falls with the square of the excess. A hard "lower cost wins" would
 * turn small lasting differences and single slow answers into everything for one and nothing for the other, as with two
 * deployments every draw compares the same two.
 */
export const balanced: Strategy = (candidates, { nowMs, random }) => {
  const only = candidates[0] as Candidate;
  if (candidates.length === 1) return { candidate: only, why: "balanced: the only candidate" };
  const first = drawByWeight(candidates, random, null) ?? only;
  const second = drawByWeight(candidates, random, first);
  if (second === null) return { candidate: first, why: "balanced: only one with a weight" };

  const excess = costRatio(first, second, nowMs) / tolerance;
  if (excess <= 1) return { candidate: first, why: `balanced: drawn from ${candidates.length}` };
  const chance = random();
  if (chance < 1 / (excess * excess)) return { candidate: first, why: `balanced: drawn from ${candidates.length}` };
  // With an attempt under way the estimate is renewed anyway.
  if (chance < trialChance && first.load.inFlight === 0) return { candidate: first, why: "balanced: to see how quick it is now" };
  return { candidate: second, why: `balanced: less loaded or quicker of 2 of ${candidates.length}` };
};

/** What a call to `a` costs relative to one to `b`; a latency that is unknown is taken to be the other's. */
function costRatio(a: Candidate, b: Candidate, nowMs: number): number {
  const knownA = a.load.expectedMs(nowMs);
  const knownB = b.load.expectedMs(nowMs);
  const latencyA = (knownA ?? knownB ?? 0) + latencyFloorMs;
  const latencyB = (knownB ?? knownA ?? 0) + latencyFloorMs;
  const weightA = a.target.deployment.weight || 1;
  const weightB = b.target.deployment.weight || 1;
  // The floor is that of the lighter one: its first attempt in flight weighs as much as several of the other's.
  const floor = inFlightFloor / Math.min(weightA, weightB);
  const loadA = a.load.inFlight / weightA + floor;
  const loadB = b.load.inFlight / weightB + floor;
  return (latencyA * loadA) / (latencyB * loadB);
}

/**
 * Score: the cost, (expected ms + 5) × (in flight + the floor) per weight; lower is better. Exact among two; among more, an
 * unknown latency is taken to be the mean of the known ones, and the floor that of the lightest of all.
 */
export const balancedStandings: Standings = (candidates, { nowMs }) => {
  const weights = weightsToDraw(candidates);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = candidates.map(() => 0);
  const add = (index: number, chance: number) => {
    shares[index] = (shares[index] as number) + chance;
  };
  for (const [first, firstWeight] of weights.entries()) {
    const others = total - firstWeight;
    const chanceOfFirst = firstWeight / total;
    if (others === 0) add(first, chanceOfFirst);
    else {
      for (const [second, secondWeight] of weights.entries()) {
        if (second === first || secondWeight === 0) continue;
        const chance = (chanceOfFirst * secondWeight) / others;
        const stays = chanceToStay(candidates[first] as Candidate, candidates[second] as Candidate, nowMs);
        add(first, chance * stays);
        add(second, chance * (1 - stays));
      }
    }
  }
  const costs = costsOf(candidates, nowMs);
  return candidates.map((_, index) => ({ score: costs[index] as number, share: shares[index] as number }));
};

/** How likely the first drawn is kept beside the second: what `balanced` decides by. */
function chanceToStay(first: Candidate, second: Candidate, nowMs: number): number {
  const excess = costRatio(first, second, nowMs) / tolerance;
  if (excess <= 1) return 1;
  return Math.max(1 / (excess * excess), first.load.inFlight === 0 ? trialChance : 0);
}

function costsOf(candidates: readonly Candidate[], nowMs: number): number[] {
  const latencies = candidates.map(({ load }) => load.expectedMs(nowMs));
  const known = latencies.filter((latency) => latency !== null);
  const meanMs = known.reduce((sum, latency) => sum + latency, 0) / (known.length || 1);
  const weights = candidates.map(({ target }) => target.deployment.weight || 1);
  const floor = inFlightFloor / Math.min(...weights);
  return candidates.map(({ load }, index) => {
    const latencyMs = (latencies[index] ?? meanMs) + latencyFloorMs;
    return latencyMs * (load.inFlight / (weights[index] as number) + floor);
  });
}
