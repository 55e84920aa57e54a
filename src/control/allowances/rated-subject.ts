// What one key, user, group or model has used: the windows of those of its rates that are limited, its calls under way, its budget's account.
import type { Demand } from "../../domain/allowance.ts";
import type { Budget, Limits } from "../../domain/limits.ts";
import { type Period, periodOf } from "./budget-period.ts";
import type { RecencyLinks, RecencyList } from "./recency-list.ts";
import { SlidingWindow } from "./sliding-window.ts";
import type { SpendAccount } from "./spend-account.ts";

/** Where accounts are found. */
export interface AccountSource {
  /** Of the period that began at `startMs`; never null, so that no call waits for it. */
  of(subject: string, startMs: number): SpendAccount;
}

export class RatedSubject implements RecencyLinks<RatedSubject> {
  readonly name: string;
  readonly isGroup: boolean;
  older: RatedSubject | null = null;
  newer: RatedSubject | null = null;
  /** The list it is in; null: it can't be dropped. */
  list: RecencyList<RatedSubject> | null = null;
  /** The call that took from it last: one that names it twice takes once. */
  lastCall = 0;
  /** Calls between their admission and their end. */
  running = 0;
  #second: SlidingWindow | null = null;
  #minute: SlidingWindow | null = null;
  #tokens: SlidingWindow | null = null;
  #account: SpendAccount | null = null;
  /** That of the account, and what it was found by. */
  #period: Period | null = null;
  #periodName = "";
  #timeZone = "";

  constructor(name: string) {
    this.name = name;
    this.isGroup = name.startsWith("group:");
  }

  get hasMinute(): boolean {
    return this.#minute !== null || this.#tokens !== null;
  }

  get hasAccount(): boolean {
    return this.#account !== null && !this.#account.isDropped;
  }

  /** When everything it used is free again, ms since the Unix epoch. */
  get emptyAtMs(): number {
    return Math.max(this.#second?.emptyAtMs ?? 0, this.#minute?.emptyAtMs ?? 0, this.#tokens?.emptyAtMs ?? 0);
  }

  get second(): SlidingWindow | null {
    return this.#second;
  }

  get minute(): SlidingWindow | null {
    return this.#minute;
  }

  get tokens(): SlidingWindow | null {
    return this.#tokens;
  }

  secondWaitMs({ requestsPerSecond }: Limits, nowMs: number): number {
    return requestsPerSecond === null || this.#second === null ? 0 : this.#second.waitMs(requestsPerSecond, nowMs);
  }

  minuteWaitMs({ requestsPerMinute }: Limits, nowMs: number): number {
    return requestsPerMinute === null || this.#minute === null ? 0 : this.#minute.waitMs(requestsPerMinute, nowMs);
  }

  /** Infinity: it wants more than the limit. */
  tokensWaitMs({ tokensPerMinute }: Limits, { tokens, isGuess }: Demand, nowMs: number): number {
    if (tokensPerMinute === null || tokens === 0) return 0;
    if (!isGuess && tokens > tokensPerMinute) return Number.POSITIVE_INFINITY;
    return this.#tokens === null ? 0 : this.#tokens.waitMs(tokensPerMinute, nowMs, isGuess ? 1 : tokens);
  }

  /** Of the budget's period at the moment. */
  account(budget: Budget, accounts: AccountSource, nowMs: number): SpendAccount {
    const period = this.#period;
    const isCurrent =
      this.#account !== null &&
      !this.#account.isDropped &&
      period !== null &&
      this.#periodName === budget.period &&
      this.#timeZone === budget.timeZone &&
      nowMs >= period.startMs &&
      (period.endMs === null || nowMs < period.endMs);
    if (isCurrent) return this.#account as SpendAccount;
    this.#period = periodOf(budget, nowMs);
    this.#periodName = budget.period;
    this.#timeZone = budget.timeZone;
    this.#account = accounts.of(this.name, this.#period.startMs);
    return this.#account;
  }

  /** Counts one request. What a limit is no longer set for is forgotten. */
  take(limits: Limits, nowMs: number): void {
    this.prepare(limits);
    this.#second?.take(nowMs);
    this.#minute?.take(nowMs);
  }

  /** The windows of these limits, and no others. */
  prepare({ requestsPerSecond, requestsPerMinute, tokensPerMinute, budget }: Limits): void {
    this.#second = requestsPerSecond === null ? null : (this.#second ?? new SlidingWindow(1000, 1));
    this.#minute = requestsPerMinute === null ? null : (this.#minute ?? new SlidingWindow(60_000, 10));
    this.#tokens = tokensPerMinute === null ? null : (this.#tokens ?? new SlidingWindow(60_000, 10));
    if (budget === null) this.#account = null;
  }

  isIdle(nowMs: number): boolean {
    return (
      (this.#second?.isEmpty(nowMs) ?? true) && (this.#minute?.isEmpty(nowMs) ?? true) && (this.#tokens?.isEmpty(nowMs) ?? true)
    );
  }
}
