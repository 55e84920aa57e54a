// What one key, user, group or model has used of its request rates: the windows of those that are limited.
import type { Limits } from "../../domain/limits.ts";
import type { RecencyLinks, RecencyList } from "./recency-list.ts";
import { SlidingWindow } from "./sliding-window.ts";

export class RatedSubject implements RecencyLinks<RatedSubject> {
  readonly name: string;
  older: RatedSubject | null = null;
  newer: RatedSubject | null = null;
  /** The list it is in. */
  list: RecencyList<RatedSubject> | null = null;
  /** The call that took from it last: one that names it twice takes once. */
  lastCall = 0;
  #second: SlidingWindow | null = null;
  #minute: SlidingWindow | null = null;

  constructor(name: string) {
    this.name = name;
  }

  get hasMinute(): boolean {
    return this.#minute !== null;
  }

  /** When everything it used is free again, ms since the Unix epoch. */
  get emptyAtMs(): number {
    return Math.max(this.#second?.emptyAtMs ?? 0, this.#minute?.emptyAtMs ?? 0);
  }

  secondWaitMs({ requestsPerSecond }: Limits, nowMs: number): number {
    return requestsPerSecond === null || this.#second === null ? 0 : this.#second.waitMs(requestsPerSecond, nowMs);
  }

  minuteWaitMs({ requestsPerMinute }: Limits, nowMs: number): number {
    return requestsPerMinute === null || this.#minute === null ? 0 : this.#minute.waitMs(requestsPerMinute, nowMs);
  }

  /** What a limit is no longer set for is forgotten. */
  take({ requestsPerSecond, requestsPerMinute }: Limits, nowMs: number): void {
    this.#second = requestsPerSecond === null ? null : (this.#second ?? new SlidingWindow(1000, 1));
    this.#minute = requestsPerMinute === null ? null : (this.#minute ?? new SlidingWindow(60_000, 10));
    this.#second?.take(nowMs);
    this.#minute?.take(nowMs);
  }

  isIdle(nowMs: number): boolean {
    return (this.#second?.isEmpty(nowMs) ?? true) && (this.#minute?.isEmpty(nowMs) ?? true);
  }
}
