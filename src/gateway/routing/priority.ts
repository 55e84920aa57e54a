// The strategy `priority`: the first that can take the call gets it.
import type { Candidate, Standings, Strategy } from "./strategy.ts";

/**
 * Strictly in order: by priority (lower first), then by position in the model. The first takes everything as long as it is
 * among the candidates; there is no sharing inside a tier, whatever the weights. (The other strategies keep to the lowest
 * tier as well, and share inside it: see strategy-of.ts.)
 */
export const priority: Strategy = (candidates) => {
  let first = candidates[0] as Candidate;
  if (candidates.length === 1) return { candidate: first, why: "priority: the only candidate" };
  for (let index = 1; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    if (candidate.target.deployment.priority < first.target.deployment.priority) first = candidate;
  }
  return { candidate: first, why: `priority: first of ${candidates.length}` };
};

/** Score: its place in that order; 1 is first. */
export const priorityStandings: Standings = (candidates) => {
  const inOrder = candidates.toSorted((a, b) => a.target.deployment.priority - b.target.deployment.priority);
  return candidates.map((candidate) => {
    const place = inOrder.indexOf(candidate) + 1;
    return { score: place, share: place === 1 ? 1 : 0 };
  });
};
