// Whether a deployment may be called: what its attempts and probes say, when it is benched, how it comes back.
import { BenchLength, benchMs } from "./bench-length.ts";
import { FailureRecord } from "./failure-record.ts";
import type { PendingAttempt } from "./pending-attempt.ts";

/** trial: its bench is over, and the next attempt decides. benched: also while that attempt is under way. */
export type Availability = "ready" | "trial" | "benched" | "resting";
/** trial: its bench is over, and the attempt that decides is awaited or under way. */
export type HealthStatus = "healthy" | "benched" | "trial" | "resting";
/** `untilMs`: when the new status ends by itself; null when it doesn't. */
export type HealthChange = (from: HealthStatus, to: HealthStatus, cause: string, untilMs: number | null) => void;

const probeFailuresInRowMax = 3;
/** When an endpoint asks for a pause and doesn't say how long. */
const restMs = 1000;
/** No longer, whatever an endpoint asks for: a retry-after of a day is not to take a deployment out for a day. */
const restMaxMs = 600_000;

/**
 * Benched after 5 failures in a row, when half of at least 20 attempts of the last 30 s failed, or after 3 failed probes in
 * a row.
 *
 * The time of a bench, its trials included, is an *era*, and so is the healthy time between two. Only attempts that began in
 * the present one decide anything: those that were under way when a bench began neither prolong nor end it.
 *
 * A bench counts from the begin of the attempt that caused it (from the break, if an answer broke off), so that a deployment
 * that hangs comes back as soon as one that refuses; a fresh one lasts at least half its length from now. A trial that has no
 * first byte when the bench that its failure would bring is over has failed, and the next attempt is another trial; should
 * the old one succeed yet, it counts.
 */
export class DeploymentHealth {
  readonly #onChange: HealthChange;
  readonly #length: BenchLength;
  readonly #failures = new FailureRecord();
  #probeFailuresInRow = 0;
  #era = 0;
  #healthySinceMs = Number.NEGATIVE_INFINITY;

  #isBenched = false;
  #benchedAtMs = 0;
  /** Of the bench; during a trial, of the bench that its failure brings. */
  #benchedUntilMs = 0;
  #benchCause = "";
  #trial: PendingAttempt | null = null;
  /** Since the bench began, or as its cause. */
  #hasProbeFailed = false;

  #restUntilMs = Number.NEGATIVE_INFINITY;
  #restCause = "";

  /** As last reported. */
  #status: HealthStatus = "healthy";
  #sinceMs: number | null = null;

  constructor(random: () => number, onChange: HealthChange) {
    this.#length = new BenchLength(random);
    this.#onChange = onChange;
  }

  get era(): number {
    return this.#era;
  }

  /** How often its present bench was doubled. */
  get doublings(): number {
    return this.#length.doublings;
  }

  /** When it is no longer "benched" or "resting" by time alone. */
  get untilMs(): number {
    return Math.max(this.#restUntilMs, this.#isBenched ? this.#benchedUntilMs : Number.NEGATIVE_INFINITY);
  }

  availability(nowMs: number): Availability {
    if (nowMs < this.#restUntilMs) return "resting";
    if (!this.#isBenched) return "ready";
    return nowMs < this.#benchedUntilMs ? "benched" : "trial";
  }

  /** Takes the trial when there is one to take. */
  began(attempt: PendingAttempt, nowMs: number): void {
    if (this.availability(nowMs) === "trial") {
      if (this.#trial !== null) this.#failTrial(`no first byte within ${nowMs - this.#trial.startedAtMs} ms`, nowMs);
      this.#follow("its bench is over", nowMs);
      this.#trial = attempt;
      attempt.isTrial = true;
      this.#benchedAtMs = nowMs;
      this.#benchedUntilMs = nowMs + this.#length.drawMs(this.#length.doublings + 1);
    }
    this.#follow("its rest is over", nowMs);
  }

  /** A first byte came, or the attempt succeeded without one. */
  answered(attempt: PendingAttempt, nowMs: number): void {
    if (this.#isForeign(attempt)) {
      if (this.#isBenched) this.#failures.answered(nowMs);
      return;
    }
    if (this.#isBenched && attempt.isTrial) {
      this.#recover("a trial succeeded", nowMs);
      attempt.era = this.#era;
    } else if (this.#isBenched && this.#trial === null) {
      // Used all the same, as the last one standing, and it works: it need not wait longer than after a first bench.
      this.#benchedUntilMs = Math.min(this.#benchedUntilMs, this.#benchedAtMs + benchMs);
    }
    this.#failures.answered(nowMs);
  }

  /** The answer came to its end. */
  completed(attempt: PendingAttempt, nowMs: number): void {
    if (attempt.firstByteAtMs === null) this.answered(attempt, nowMs);
    if (!this.#isForeign(attempt)) this.#failures.completed();
  }

  failed(attempt: PendingAttempt, cause: string, nowMs: number): void {
    if (this.#isForeign(attempt) && !this.#isBenched) return;
    this.#failures.failed(attempt.firstByteAtMs, nowMs);
    if (this.#trial === attempt) this.#failTrial(cause, nowMs);
    else if (!this.#isBenched) {
      const reason = this.#failures.reasonToBench(nowMs);
      const fromMs = attempt.firstByteAtMs === null ? attempt.startedAtMs : nowMs;
      if (reason !== null) this.#bench(`${reason}: ${cause}`, fromMs, nowMs);
    }
  }

  /** The attempt told nothing: a trial is given back. */
  toldNothing(attempt: PendingAttempt, nowMs: number): void {
    if (this.#trial !== attempt) return;
    this.#trial = null;
    this.#benchedUntilMs = nowMs;
  }

  /** Not called for `forMs`: a second when that is no positive number, at most ten minutes. Never shortens a rest. */
  rest(forMs: number, cause: string, nowMs: number): void {
    const untilMs = nowMs + (forMs > 0 ? Math.min(forMs, restMaxMs) : restMs);
    if (untilMs > this.#restUntilMs) {
      this.#restUntilMs = untilMs;
      this.#restCause = cause;
    }
    this.#follow(cause, nowMs);
  }

  /**
   * A probe's result. One that succeeds after others have failed ends a bench at once, and the next attempt is the trial; it
   * does not make up for failed attempts otherwise. What benches are caused by is told as "3 probes failed in a row: <cause>".
   */
  probed(ok: boolean, cause: string, nowMs: number): void {
    if (ok) {
      this.#probeFailuresInRow = 0;
      if (this.#isBenched && this.#hasProbeFailed && this.#trial === null) {
        this.#benchedUntilMs = Math.min(this.#benchedUntilMs, nowMs);
      }
      this.#hasProbeFailed = false;
      this.#follow(`a probe succeeded: ${cause}`, nowMs);
      return;
    }
    this.#probeFailuresInRow++;
    if (!this.#isBenched && this.#probeFailuresInRow >= probeFailuresInRowMax) {
      this.#bench(`${probeFailuresInRowMax} probes failed in a row: ${cause}`, nowMs, nowMs);
    }
    this.#hasProbeFailed = true;
  }

  /** Nothing of what was learned holds any longer. */
  forget(cause: string, nowMs: number): void {
    this.#restUntilMs = Number.NEGATIVE_INFINITY;
    this.#recover(cause, nowMs);
    this.#healthySinceMs = Number.NEGATIVE_INFINITY;
  }

  view(nowMs: number) {
    const status = this.#statusAt(nowMs);
    // A status that only time has brought has not been reported yet.
    const sinceMs = status === this.#status ? this.#sinceMs : this.#endOf(this.#status);
    return {
      status,
      cause: status === "healthy" ? null : status === "resting" ? this.#restCause : this.#benchCause,
      sinceMs,
      untilMs: this.#endOf(status),
      consecutiveFailures: this.#failures.inRow,
      failureRatio: this.#failures.ratio(nowMs),
    };
  }

  #isForeign(attempt: PendingAttempt): boolean {
    return attempt.era !== this.#era;
  }

  #bench(cause: string, fromMs: number, nowMs: number): void {
    this.#length.relapsed(nowMs - this.#healthySinceMs);
    const lengthMs = this.#length.drawMs(this.#length.doublings);
    this.#era++;
    this.#isBenched = true;
    this.#benchedAtMs = fromMs;
    this.#benchedUntilMs = Math.max(fromMs + lengthMs, nowMs + lengthMs / 2);
    this.#benchCause = cause;
    this.#hasProbeFailed = false;
    this.#follow(cause, nowMs);
  }

  /** The bench that follows has been counting since the trial began. */
  #failTrial(cause: string, nowMs: number): void {
    this.#trial = null;
    this.#length.trialFailed();
    this.#benchCause = `a trial failed: ${cause}`;
    if (nowMs >= this.#restUntilMs) this.#report("benched", this.#benchCause, this.#benchedUntilMs, nowMs);
  }

  #recover(cause: string, nowMs: number): void {
    this.#isBenched = false;
    this.#trial = null;
    this.#era++;
    this.#failures.clear();
    this.#probeFailuresInRow = 0;
    this.#healthySinceMs = nowMs;
    this.#follow(cause, nowMs);
  }

  #statusAt(nowMs: number): HealthStatus {
    if (nowMs < this.#restUntilMs) return "resting";
    if (!this.#isBenched) return "healthy";
    return this.#trial !== null || nowMs >= this.#benchedUntilMs ? "trial" : "benched";
  }

  #endOf(status: HealthStatus): number | null {
    return status === "resting" ? this.#restUntilMs : status === "benched" ? this.#benchedUntilMs : null;
  }

  /** Reports the status when it is another than the one last reported. */
  #follow(cause: string, nowMs: number): void {
    const status = this.#statusAt(nowMs);
    if (status !== this.#status) this.#report(status, cause, this.#endOf(status), nowMs);
  }

  #report(to: HealthStatus, cause: string, untilMs: number | null, nowMs: number): void {
    const from = this.#status;
    if (to === from) return;
    this.#status = to;
    this.#sinceMs = nowMs;
    this.#onChange(from, to, cause, untilMs);
  }
}
