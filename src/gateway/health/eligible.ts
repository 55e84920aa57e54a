// Which targets of one model can take an attempt now, as far as their health goes.
import type { Candidate } from "../routing/strategy.ts";
import type { DeploymentState } from "./deployment-state.ts";

/** A strategy's candidate whose load is its deployment's state. */
export interface HealthCandidate extends Candidate {
  readonly load: Pick<DeploymentState, "availability" | "untilMs" | "doublings" | "inFlight" | "expectedMs">;
}

export type Eligible<C extends HealthCandidate> =
  /** `ready` for the strategy, never empty. */
  | { kind: "ready"; ready: readonly C[] }
  /** This one is to be called, whatever the strategy says: its bench is over, and it takes a call to know whether it works. */
  | { kind: "trial"; candidate: C }
  /** All that don't rest are benched: these, never empty, are used anyway, as the strategy says. */
  | { kind: "last-standing"; benched: readonly C[] }
  /** Nothing is to be called for `retryAfterMs`; more than 0. */
  | { kind: "all-resting"; retryAfterMs: number }
  /** There was nothing to choose from. */
  | { kind: "none" };

export interface EligibleContext {
  nowMs: number;
  /** The first attempt of its call. Only that one leaves a ready target for a trial, or a call could use itself up in trials. */
  isFirst: boolean;
  /** The call may be tried elsewhere should this attempt fail: then a trial costs its caller little. */
  mayRetry: boolean;
}

/** A trial that was due for so long is taken by a call that can't be retried, or models that never retry would wait for ever. */
const trialOverdueMs = 5000;

/**
 * `candidates`: the active targets of one model that this call has not tried. Benching is a matter of the deployment, being
 * the last one standing a matter of the model and the moment: what is benched here may be the last one elsewhere.
 *
 * A due trial goes first, but not to a target that would not be used even in health: of a later tier than a ready one, or of
 * weight 0. There is one trial of a deployment at a time, and benches last 5 s and more, so that trials are few.
 */
export function eligible<C extends HealthCandidate>(candidates: readonly C[], context: EligibleContext): Eligible<C> {
  const { nowMs } = context;
  const ready: C[] = [];
  const benched: C[] = [];
  let trial: C | null = null;
  let restUntilMs = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const { load } = candidate;
    const availability = load.availability(nowMs);
    if (availability === "ready") ready.push(candidate);
    else if (availability === "resting") restUntilMs = Math.min(restUntilMs, load.untilMs);
    else if (availability === "benched") benched.push(candidate);
    else if (trial === null || isTriedBefore(candidate, trial)) trial = candidate;
  }
  if (trial !== null && (ready.length === 0 || isTrialTaken(trial, ready, context))) return { kind: "trial", candidate: trial };
  if (ready.length > 0) return { kind: "ready", ready };
  if (benched.length > 0) return { kind: "last-standing", benched: leastDoubled(benched) };
  if (restUntilMs < Number.POSITIVE_INFINITY) return { kind: "all-resting", retryAfterMs: restUntilMs - nowMs };
  return { kind: "none" };
}

function isTrialTaken(trial: HealthCandidate, ready: readonly HealthCandidate[], context: EligibleContext): boolean {
  if (!context.isFirst) return false;
  if (!context.mayRetry && context.nowMs - trial.load.untilMs < trialOverdueMs) return false;
  const tier = tierOf(trial);
  return ready.every((candidate) => tier <= tierOf(candidate));
}

/** Of two due trials: that of the earlier tier, then the one that has been due for longer. */
function isTriedBefore(a: HealthCandidate, b: HealthCandidate): boolean {
  if (tierOf(a) !== tierOf(b)) return tierOf(a) < tierOf(b);
  return a.load.untilMs < b.load.untilMs;
}

/** Lower is used first. Weight 0 means: only when no other can take the call. */
function tierOf({ target: { deployment } }: HealthCandidate): number {
  return deployment.weight === 0 ? Number.POSITIVE_INFINITY : deployment.priority;
}

/**
 * The benched ones that have failed for the shortest time. All of them after an incident that hit all, so that one does not
 * get everything; without those that were out long before the others.
 */
function leastDoubled<C extends HealthCandidate>(benched: readonly C[]): readonly C[] {
  let least = Number.POSITIVE_INFINITY;
  for (const { load } of benched) least = Math.min(least, load.doublings);
  return benched.filter(({ load }) => load.doublings === least);
}
