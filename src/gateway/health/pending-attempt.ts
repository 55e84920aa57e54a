// One attempt at a deployment, from its begin to its end, as the deployment's health and load count it.

export type AttemptResult =
  /** The answer came to its end, whatever it says: also one that tells the caller of a mistake of its own. */
  | { readonly kind: "success" }
  /**
   * The endpoint's fault, before its answer or in the middle of it. `cause` is shown to administrators: "http 500".
   * `restMs`: it also asked not to be called for so long.
   */
  | { readonly kind: "failure"; readonly cause: string; readonly restMs?: number | null }
  /** It says nothing about the deployment: the caller went away, another attempt was quicker. */
  | { readonly kind: "neutral" }
  /** The endpoint asks for a pause (429, or 503 with retry-after). Without a time of its own, or one of 0: a second. */
  | { readonly kind: "limited"; readonly restMs: number; readonly cause: string };

export const succeeded: AttemptResult = Object.freeze({ kind: "success" });
export const neutral: AttemptResult = Object.freeze({ kind: "neutral" });

/** Whose attempt it is. */
export interface AttemptOwner {
  attemptAnswered(attempt: PendingAttempt, nowMs: number): void;
  attemptEnded(attempt: PendingAttempt, result: AttemptResult, nowMs: number): void;
}

/** Made by `DeploymentState.begin`. All that a call costs here is this one object. */
export class PendingAttempt {
  readonly #owner: AttemptOwner;
  readonly startedAtMs: number;
  /** The stretch of its deployment's health that it belongs to: see DeploymentHealth. */
  era: number;
  /** It decides, or did when it began, whether a bench is over. */
  isTrial = false;
  firstByteAtMs: number | null = null;
  #hasEnded = false;
  /** Its neighbours among the attempts that wait for a first byte. */
  older: PendingAttempt | null = null;
  newer: PendingAttempt | null = null;

  constructor(owner: AttemptOwner, startedAtMs: number, era: number) {
    this.#owner = owner;
    this.startedAtMs = startedAtMs;
    this.era = era;
  }

  /**
   * The first byte of an answer that is going to be passed on: not of one that is tried again elsewhere. It counts as a
   * success until the attempt ends as a failure. Only the first call has an effect, and none has after the end.
   */
  firstByte(nowMs: number): void {
    if (this.#hasEnded || this.firstByteAtMs !== null) return;
    this.#owner.attemptAnswered(this, nowMs);
    this.firstByteAtMs = nowMs;
  }

  /** Has to be called, once all is over; further calls have no effect. An end without a first byte tells no latency. */
  end(result: AttemptResult, nowMs: number): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#owner.attemptEnded(this, result, nowMs);
  }
}
