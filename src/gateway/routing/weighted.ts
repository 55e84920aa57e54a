// The strategy `weighted`: at random, by weight, whatever the load.
import { drawByWeight, weightsToDraw } from "./draw-by-weight.ts";
import type { Candidate, Standings, Strategy } from "./strategy.ts";

/** Each call is drawn for itself, so shares are those of the weights over many calls, not in every short run of them. */
export const weighted: Strategy = (candidates, { random }) => {
  const first = candidates[0] as Candidate;
  if (candidates.length === 1) return { candidate: first, why: "weighted: the only candidate" };
  const candidate = drawByWeight(candidates, random, null) ?? first;
  return { candidate, why: `weighted: drawn from ${candidates.length}` };
};

/** Score: its part of the weights, from 0 to 1, which is its share. */
export const weightedStandings: Standings = (candidates) => {
  const weights = weightsToDraw(candidates);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => ({ score: weight / total, share: weight / total }));
};
