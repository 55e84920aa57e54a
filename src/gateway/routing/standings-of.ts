// How the targets that could take a call now stand with a strategy: for explaining, beside strategy-of.ts, which chooses.
import type { Strategy as StrategyName } from "../../domain/pool.ts";
import { affinityStandings } from "./affinity.ts";
import { balancedStandings } from "./balanced.ts";
import { priorityStandings } from "./priority.ts";
import type { Candidate, Standing, Standings } from "./strategy.ts";
import { firstTier } from "./strategy-of.ts";
import { weightedStandings } from "./weighted.ts";

const byName: Readonly<Record<StrategyName, Standings>> = {
  balanced: balancedStandings,
  weighted: weightedStandings,
  priority: priorityStandings,
  affinity: affinityStandings,
};

/** Of those `candidates` that the strategy compares: the others have to wait until none of these can take a call. */
export function standingsOf<C extends Candidate>(
  name: StrategyName,
  candidates: readonly C[],
  context: { nowMs: number; session: () => string | null },
): Map<C, Standing> {
  const tier = firstTier(candidates) as readonly C[];
  const standings = byName[name](tier, context);
  return new Map(tier.map((candidate, index) => [candidate, standings[index] as Standing]));
}
