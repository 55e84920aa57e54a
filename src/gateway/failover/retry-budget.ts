// How many retries a model's calls may cause, so that an outage is not multiplied.
import { SlidingCount } from "./sliding-count.ts";

const windowSeconds = 10;
/** Of the requests in the window. */
const shareMax = 0.2;
/** Retries in the window that are always allowed: with little traffic a share would be none. */
const floor = 10;

/**
 * The budget of one model: a retry is allowed while the retries of the last 10 s, this one among them, are at most a fifth
 * of the requests of the same 10 s, or at most 10. Windows are cut at whole seconds, the current one included.
 *
 * The window that counts is the one that ends with the retry: requests that all time out a second later may still be
 * retried when no new ones come. Over any run retries are at most 0.2 × requests + 10 per 10 s that were begun: going back
 * from the last retry, the run falls into windows that share nothing and keep the bound each.
 */
export class RetryBudget {
  readonly #requests = new SlidingCount(windowSeconds);
  readonly #retries = new SlidingCount(windowSeconds);

  /** Once per request, before its first attempt. */
  requestSeen(nowMs: number): void {
    this.#requests.add(nowMs);
  }

  /** True when one more attempt may start now; it is counted then. Asked once a target for it is known. */
  tryTake(nowMs: number): boolean {
    if (this.left(nowMs) < 1) return false;
    this.#retries.add(nowMs);
    return true;
  }

  /** How many more may start now, without counting any. */
  left(nowMs: number): number {
    const most = Math.max(floor, Math.floor(shareMax * this.#requests.total(nowMs)));
    return Math.max(0, most - this.#retries.total(nowMs));
  }
}
