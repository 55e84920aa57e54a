// The strategy `affinity`: the same session to the same deployment, as long as that carries no more than its share.
import { balanced, balancedStandings } from "./balanced.ts";
import { weightsToDraw } from "./draw-by-weight.ts";
import { addToHash, hashStart, unitOfHash } from "./stable-hash.ts";
import type { Candidate, Standings, Strategy } from "./strategy.ts";

/** How far above the mean load a deployment may go before its sessions go elsewhere. */
const loadFactor = 1.25;

/**
 * Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam 2018) over weighted rendezvous hashing. Every session
 * has its own ranking of all deployments, by hash and weight; the first of them whose load is at most 1.25 × the mean per
 * weight, rounded up, takes the call. Load = attempts in flight; the mean counts this one too, so that a single one never
 * displaces the next of its session. The ranking depends on the session and the deployments' ids alone: it is the same in
 * every process, and when a deployment goes, only its own sessions move. A call without a session goes where `balanced`
 * sends it.
 */
export const affinity: Strategy = (candidates, context) => {
  const only = candidates[0] as Candidate;
  if (candidates.length === 1) return { candidate: only, why: "affinity: the only candidate" };
  const session = context.session();
  if (session === null) {
    const pick = balanced(candidates, context);
    return { candidate: pick.candidate, why: `affinity: no session; ${pick.why}` };
  }

  let weights = 0;
  let inFlight = 1;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    weights += candidate.target.deployment.weight;
    inFlight += candidate.load.inFlight;
  }
  const areAllZero = weights === 0;
  const boundPerWeight = (loadFactor * inFlight) / (areAllZero ? candidates.length : weights);

  const sessionHash = addToHash(hashStart, session);
  let home: Candidate | null = null;
  let homeDistance = Number.POSITIVE_INFINITY;
  let nearest: Candidate | null = null;
  let nearestDistance = Number.POSITIVE_INFINITY;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    const { id, weight: ownWeight } = candidate.target.deployment;
    const weight = areAllZero ? 1 : ownWeight;
    if (weight === 0) continue;
    const distance = distanceOf(sessionHash, id, weight);
    if (distance < homeDistance) {
      home = candidate;
      homeDistance = distance;
    }
    if (candidate.load.inFlight <= Math.ceil(boundPerWeight * weight) && distance < nearestDistance) {
      nearest = candidate;
      nearestDistance = distance;
    }
  }
  // The bounds together exceed what is in flight, so that somebody is always below its own.
  const candidate = nearest ?? home ?? only;
  return {
    candidate,
    why: candidate === home ? "affinity: the session's own" : "affinity: next for the session, its own is loaded",
  };
};

/** Exponentially distributed with the weight as its rate: the least of them falls to each by its weight (Schindelhauer 2005). */
function distanceOf(sessionHash: number, deploymentId: string, weight: number): number {
  return -Math.log(unitOfHash(addToHash(sessionHash, deploymentId))) / weight;
}

/** Score: the distance of the session, lower is nearer; without a session, that of `balanced`. Nothing is drawn for a session. */
export const affinityStandings: Standings = (candidates, context) => {
  const session = context.session();
  if (session === null) return balancedStandings(candidates, context);
  const sessionHash = addToHash(hashStart, session);
  const weights = weightsToDraw(candidates);
  const pick = affinity(candidates, { ...context, random: () => 0 });
  return candidates.map((candidate, index) => {
    // Of a weight of 0 the distance is without end, and JSON has no such number.
    const distance = distanceOf(sessionHash, candidate.target.deployment.id, weights[index] as number);
    return { score: Math.min(distance, Number.MAX_VALUE), share: candidate === pick.candidate ? 1 : 0 };
  });
};
