// The strategies by name, and what holds under all of them: weight 0 last, then tiers.
import type { Strategy as StrategyName } from "../../domain/pool.ts";
import { affinity } from "./affinity.ts";
import { balanced } from "./balanced.ts";
import { priority } from "./priority.ts";
import type { Candidate, Strategy } from "./strategy.ts";
import { weighted } from "./weighted.ts";

const byName: Readonly<Record<StrategyName, Strategy>> = {
  balanced: inTier(balanced),
  weighted: inTier(weighted),
  priority: inTier(priority),
  affinity: inTier(affinity),
};

/** The strategy of that name; it looks only at those candidates that `firstTier` leaves. */
export function strategyOf(name: StrategyName): Strategy {
  return byName[name];
}

function inTier(strategy: Strategy): Strategy {
  return (candidates, context) => strategy(firstTier(candidates), context);
}

/**
 * Those that are to be used first: of the candidates with a weight (of all when none has one), those of the lowest priority.
 * A weight of 0 goes before the tiers: such a target is used when no other can take the call, in whichever tier that is. The
 * same array when that leaves everybody, as it nearly always does.
 */
export function firstTier(candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.length < 2) return candidates;
  const isAnyWeighed = candidates.some(isWeighed);
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  let areAllIn = true;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    if (isAnyWeighed && !isWeighed(candidate)) {
      areAllIn = false;
      continue;
    }
    const { priority: tier } = candidate.target.deployment;
    if (tier < lowest) lowest = tier;
    if (tier > highest) highest = tier;
  }
  if (areAllIn && lowest === highest) return candidates;
  return candidates.filter(
    (candidate) => candidate.target.deployment.priority === lowest && (!isAnyWeighed || isWeighed(candidate)),
  );
}

function isWeighed(candidate: Candidate): boolean {
  return candidate.target.deployment.weight > 0;
}
