// How often something happened in the last seconds: a ring of one-second buckets and their sum.

const bucketMs = 1000;

/** Counts over a window of whole seconds that ends with the current one. No call allocates anything. */
export class SlidingCount {
  readonly #counts: Uint32Array;
  #second = 0;
  /** Bucket of the current second. */
  #index = 0;
  #total = 0;

  constructor(seconds: number) {
    this.#counts = new Uint32Array(seconds);
  }

  add(nowMs: number): void {
    this.#moveTo(nowMs);
    this.#counts[this.#index] = (this.#counts[this.#index] as number) + 1;
    this.#total++;
  }

  /** How many were added in the window that ends at `nowMs`. */
  total(nowMs: number): number {
    this.#moveTo(nowMs);
    return this.#total;
  }

  #moveTo(nowMs: number): void {
    const second = Math.floor(nowMs / bucketMs);
    const passed = second - this.#second;
    if (passed === 0) return;
    const counts = this.#counts;
    const { length } = counts;
    // A clock that is set back a little: what comes is counted in the bucket that is open.
    if (passed < 0 && passed > -length) return;
    this.#second = second;
    if (passed < 0 || passed >= length) {
      counts.fill(0);
      this.#total = 0;
      return;
    }
    for (let step = 0; step < passed; step++) {
      this.#index = this.#index + 1 === length ? 0 : this.#index + 1;
      this.#total -= counts[this.#index] as number;
      counts[this.#index] = 0;
    }
  }
}
