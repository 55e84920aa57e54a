// How many tokens that nobody has proven yet an address may send: each of them costs a question to an identity provider.
import { RecentMap } from "../responses/recent-map.ts";

export interface FailedAttemptsOptions {
  /** From one address in any `windowMs`. */
  attemptsMax?: number;
  windowMs?: number;
  /** From all addresses together in any second. */
  perSecondMax?: number;
  /** Addresses remembered; those used longest ago are forgotten first, the bound over all of them holds nevertheless. */
  keysMax?: number;
}

/** An attempt is charged before the provider is asked, and refunded when the token is good: what is under way counts too. */
export class FailedAttempts {
  readonly #attemptsMax: number;
  readonly #windowMs: number;
  readonly #perSecondMax: number;
  readonly #byKey: RecentMap<number[]>;
  readonly #all: number[] = [];

  constructor({ attemptsMax = 20, windowMs = 60_000, perSecondMax = 50, keysMax = 50_000 }: FailedAttemptsOptions = {}) {
    this.#attemptsMax = attemptsMax;
    this.#windowMs = windowMs;
    this.#perSecondMax = perSecondMax;
    this.#byKey = new RecentMap(keysMax);
  }

  /** Null: charged; else nothing is, and the ms until it would be, were nobody else to come. `key`: see throttleKey. */
  charge(key: string, nowMs: number): number | null {
    const own = this.#byKey.get(key);
    const ownWaitMs = own === undefined ? 0 : waitMs(own, this.#attemptsMax, this.#windowMs, nowMs);
    const waitForAllMs = waitMs(this.#all, this.#perSecondMax, 1000, nowMs);
    if (ownWaitMs > 0 || waitForAllMs > 0) return Math.max(ownWaitMs, waitForAllMs);
    if (own === undefined) this.#byKey.set(key, [nowMs]);
    else own.push(nowMs);
    this.#all.push(nowMs);
    return null;
  }

  /** Takes back the latest charge made at or before `atMs`: best the time it was charged with. None there: nothing. */
  refund(key: string, atMs: number): void {
    const own = this.#byKey.get(key);
    const chargedAtMs = own === undefined ? null : takeLatest(own, atMs);
    const inAll = chargedAtMs === null ? -1 : this.#all.lastIndexOf(chargedAtMs);
    if (inAll >= 0) this.#all.splice(inAll, 1);
  }
}

/** Drops the times that have left the window; 0: fewer than `most` are in it. The few there are stand in the order they came in. */
function waitMs(times: number[], most: number, windowMs: number, nowMs: number): number {
  let kept = 0;
  let oldest = Number.POSITIVE_INFINITY;
  for (const atMs of times) {
    // Further ahead than the window: the clock has been set back, and what it said then means nothing now.
    if (Math.abs(nowMs - atMs) >= windowMs) continue;
    times[kept++] = atMs;
    if (atMs < oldest) oldest = atMs;
  }
  times.length = kept;
  return kept < most ? 0 : oldest + windowMs - nowMs;
}

function takeLatest(times: number[], atMs: number): number | null {
  for (let index = times.length - 1; index >= 0; index--) {
    const chargedAtMs = times[index] as number;
    if (chargedAtMs > atMs) continue;
    times.splice(index, 1);
    return chargedAtMs;
  }
  return null;
}
