// What the gateway knows of one deployment from its own calls: whether it may be called, how quick it is, how much it has to do.
import type { Load } from "../routing/strategy.ts";
import { type Availability, DeploymentHealth, type HealthStatus } from "./deployment-health.ts";
import { LatencyEstimate } from "./latency-estimate.ts";
import { type AttemptOwner, type AttemptResult, PendingAttempt } from "./pending-attempt.ts";
import { WaitingAttempts } from "./waiting-attempts.ts";

/** The status of a deployment has changed. Each change is told once; `from` is the `to` of the one before. */
export interface HealthTransition {
  deploymentId: string;
  from: HealthStatus;
  to: HealthStatus;
  /** For logs and administrators: "5 failures in a row: http 500". */
  cause: string;
  /** When the new status ends by itself; null when it doesn't. */
  untilMs: number | null;
}

export interface HealthOptions {
  /** From 0 to 1, as Math.random. */
  random: () => number;
  onTransition(transition: HealthTransition): void;
}

/** For the admin API, explain and metrics. */
export interface HealthView {
  status: HealthStatus;
  /** Why it is not healthy; null when it is. */
  cause: string | null;
  /** Null: never been anything else. */
  sinceMs: number | null;
  /** When the status ends by itself; null when it doesn't. */
  untilMs: number | null;
  consecutiveFailures: number;
  /** Of the last 30 s, from 0 to 1; null without outcomes. */
  failureRatio: number | null;
  /** The learned time to a first byte; null while unknown. */
  latencyMs: number | null;
  inFlight: number;
}

/**
 * One for each deployment, whichever models it is a target of. Time always comes from the caller, and no timer runs: what
 * time alone changes is noticed, and reported, at the next attempt or probe.
 */
export class DeploymentState implements Load, AttemptOwner {
  readonly deploymentId: string;
  readonly #health: DeploymentHealth;
  #latency = new LatencyEstimate();
  readonly #waiting = new WaitingAttempts();
  #inFlight = 0;

  constructor(deploymentId: string, { random, onTransition }: HealthOptions) {
    this.deploymentId = deploymentId;
    this.#health = new DeploymentHealth(random, (from, to, cause, untilMs) => {
      onTransition({ deploymentId, from, to, cause, untilMs });
    });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  expectedMs(nowMs: number): number | null {
    const learnedMs = this.#latency.valueMs(nowMs);
    const { oldest } = this.#waiting;
    if (oldest === null) return learnedMs;
    const ageMs = nowMs - oldest.startedAtMs;
    // An attempt that has only just begun tells nothing yet.
    if (learnedMs === null) return ageMs > 0 ? ageMs : null;
    return Math.max(learnedMs, ageMs);
  }

  availability(nowMs: number): Availability {
    return this.#health.availability(nowMs);
  }

  /** When it stops being "resting" or "benched" by time alone; in the past when it is neither. */
  get untilMs(): number {
    return this.#health.untilMs;
  }

  /** How often its present bench was doubled: what has failed longer has more. */
  get doublings(): number {
    return this.#health.doublings;
  }

  /**
   * An attempt begins; takes the trial when `availability` says "trial". May be called whatever that says: the last one
   * standing is used even when it is benched. `end` must be called on what it returns, or it stays in flight for ever.
   */
  begin(nowMs: number): PendingAttempt {
    const attempt = new PendingAttempt(this, nowMs, this.#health.era);
    this.#health.began(attempt, nowMs);
    this.#waiting.add(attempt);
    this.#inFlight++;
    return attempt;
  }

  /** Called by the attempt. */
  attemptAnswered(attempt: PendingAttempt, nowMs: number): void {
    this.#waiting.remove(attempt);
    this.#latency.add(nowMs - attempt.startedAtMs, nowMs);
    this.#health.answered(attempt, nowMs);
  }

  /** Called by the attempt. */
  attemptEnded(attempt: PendingAttempt, result: AttemptResult, nowMs: number): void {
    if (attempt.firstByteAtMs === null) this.#waiting.remove(attempt);
    this.#inFlight--;
    if (result.kind === "success") this.#health.completed(attempt, nowMs);
    else if (result.kind === "failure") {
      this.#health.failed(attempt, result.cause, nowMs);
      if (typeof result.restMs === "number" && result.restMs > 0) this.#health.rest(result.restMs, result.cause, nowMs);
    } else {
      this.#health.toldNothing(attempt, nowMs);
      if (result.kind === "limited") this.#health.rest(result.restMs, result.cause, nowMs);
    }
  }

  /** The result of an active probe: see DeploymentHealth.probed. */
  probed(ok: boolean, cause: string, nowMs: number): void {
    this.#health.probed(ok, cause, nowMs);
  }

  /** Its endpoint was edited: what was learned no longer holds, and a bench or rest is over. Attempts under way don't count. */
  reconfigured(nowMs: number): void {
    this.#latency = new LatencyEstimate();
    this.#health.forget("its endpoint was edited", nowMs);
  }

  view(nowMs: number): HealthView {
    const health = this.#health.view(nowMs);
    return { ...health, latencyMs: this.#latency.learnedMs, inFlight: this.#inFlight };
  }
}
