// For how long a deployment is benched: 5 s, doubling to a minute while it keeps failing.

export const benchMs = 5000;
const benchMaxMs = 60_000;
/** 5 s × 2⁴ is more than a minute. */
const doublingsMax = 4;
const jitter = 0.1;
/** One doubling is forgiven for each stretch of health of this length. */
const forgivenMs = 30_000;

/**
 * Doublings are forgiven one by one rather than all at once: a deployment that fails again within 30 s of its return is
 * benched for twice as long as before, one that lasts 30 to 60 s for as long as before, and so on down to 5 s. What comes
 * and goes is thus mostly out, and what failed badly once is forgiven within some minutes.
 */
export class BenchLength {
  readonly #random: () => number;
  #doublings = 0;

  /** `random` gives numbers from 0 to 1, as Math.random. */
  constructor(random: () => number) {
    this.#random = random;
  }

  get doublings(): number {
    return this.#doublings;
  }

  /** A deployment is benched that was healthy for `healthyMs`: Infinity for the first time. */
  relapsed(healthyMs: number): void {
    const forgiven = Math.floor(Math.max(0, healthyMs) / forgivenMs);
    this.#doublings = Math.max(0, Math.min(doublingsMax, this.#doublings + 1) - forgiven);
  }

  /** The trial of a benched one failed. */
  trialFailed(): void {
    this.#doublings = Math.min(doublingsMax, this.#doublings + 1);
  }

  /** Spread by a tenth up or down, so that several gateways don't come back to an endpoint at once. */
  drawMs(doublings: number): number {
    return Math.min(benchMaxMs, benchMs * 2 ** doublings) * (1 - jitter + 2 * jitter * this.#random());
  }
}
