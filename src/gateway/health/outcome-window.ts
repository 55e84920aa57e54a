// How many attempts at a deployment succeeded and failed in the last 30 seconds.

const buckets = 30;
const bucketMs = 1000;

/** A ring of one-second buckets with running totals: bounded, without timers, whatever the rate. */
export class OutcomeWindow {
  readonly #successes = new Uint32Array(buckets);
  readonly #failures = new Uint32Array(buckets);
  #newest = 0;
  #successTotal = 0;
  #failureTotal = 0;

  succeeded(nowMs: number): void {
    const index = this.#indexAt(nowMs);
    this.#successes[index] = (this.#successes[index] as number) + 1;
    this.#successTotal++;
  }

  failed(nowMs: number): void {
    const index = this.#indexAt(nowMs);
    this.#failures[index] = (this.#failures[index] as number) + 1;
    this.#failureTotal++;
  }

  /** What counted as a success at `thenMs` has failed after all. */
  brokeOff(thenMs: number, nowMs: number): void {
    this.failed(nowMs);
    const then = Math.floor(thenMs / bucketMs);
    const index = then % buckets;
    if (then <= this.#newest - buckets || then > this.#newest || this.#successes[index] === 0) return;
    this.#successes[index] = (this.#successes[index] as number) - 1;
    this.#successTotal--;
  }

  /** Outcomes of either kind in the window. */
  total(nowMs: number): number {
    this.#indexAt(nowMs);
    return this.#successTotal + this.#failureTotal;
  }

  /** From 0 to 1; null without outcomes. */
  failureRatio(nowMs: number): number | null {
    const total = this.total(nowMs);
    return total === 0 ? null : this.#failureTotal / total;
  }

  clear(): void {
    this.#successes.fill(0);
    this.#failures.fill(0);
    this.#successTotal = 0;
    this.#failureTotal = 0;
  }

  /** The bucket of now, once those that have left the window are empty. A clock that steps back stays in the newest. */
  #indexAt(nowMs: number): number {
    const now = Math.floor(nowMs / bucketMs);
    const emptied = Math.min(now - this.#newest, buckets);
    for (let step = 0; step < emptied; step++) {
      const index = (now - step) % buckets;
      this.#successTotal -= this.#successes[index] as number;
      this.#failureTotal -= this.#failures[index] as number;
      this.#successes[index] = 0;
      this.#failures[index] = 0;
    }
    this.#newest = Math.max(this.#newest, now);
    return this.#newest % buckets;
  }
}
