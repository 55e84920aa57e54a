// When a second attempt may start beside a first that is slow to begin its answer, and how many of them.
import type { Hedge } from "../../domain/pool.ts";
import { SlidingCount } from "./sliding-count.ts";

const windowSeconds = 60;
/** Hedges in the window that are always allowed: a model with few calls may have one now and then. */
const floor = 1;

/** One per model. Its settings come with each call, so that a change of them forgets nothing. */
export class HedgePolicy {
  readonly #requests = new SlidingCount(windowSeconds);
  readonly #hedges = new SlidingCount(windowSeconds);

  /** Once per request, before its first attempt. */
  requestSeen(nowMs: number): void {
    this.#requests.add(nowMs);
  }

  /**
   * How long after the first attempt's start, ms; null: no hedge, since nothing is known about the model's times yet.
   * `p95Ms` is that of its requests: from the first attempt's start to a first byte from any. Learned from the attempts that
   * win, it would sink below the slow ones, and the share would be spent on attempts that were about to answer.
   */
  delayMs(hedge: Hedge, p95Ms: number | null): number | null {
    return p95Ms === null ? null : Math.max(hedge.delayMinMs, p95Ms);
  }

  /**
   * True when a second attempt may start now; it is counted then. Hedges of the last 60 s are at most the model's share of
   * its requests of the same 60 s, or one. Asked when the delay is over and a target is known.
   */
  tryTake(hedge: Hedge, nowMs: number): boolean {
    if (this.left(hedge, nowMs) < 1) return false;
    this.#hedges.add(nowMs);
    return true;
  }

  /** How many more may start now, without counting any. */
  left({ extraTrafficMax }: Hedge, nowMs: number): number {
    if (extraTrafficMax <= 0) return 0;
    const most = Math.max(floor, Math.floor(extraTrafficMax * this.#requests.total(nowMs)));
    return Math.max(0, most - this.#hedges.total(nowMs));
  }
}
