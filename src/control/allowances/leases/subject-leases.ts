// The leases of one key, user, group or model, made as its limits ask for them.
import type { Budget } from "../../../domain/limits.ts";
import { periodOf } from "../budget-period.ts";
import { accountName } from "../spend-reader.ts";
import { BudgetLease } from "./budget-lease.ts";
import { ConcurrencyLease } from "./concurrency-lease.ts";
import type { Lease, LeaseContext } from "./lease.ts";
import { minuteWindow, secondWindow, WindowLease } from "./window-lease.ts";

/** What the windows of a subject are called at the authority. */
export const windowKeys = {
  second: (subject: string) => `s:${subject}`,
  minute: (subject: string) => `m:${subject}`,
  tokens: (subject: string) => `t:${subject}`,
};

/** Longer than any call waits for its answer: one that waits has taken nothing yet, and still needs its lease to be the one there is. */
const keptMs = 10_000;

export class SubjectLeases {
  readonly subject: string;
  readonly #context: LeaseContext;
  #usedAt: number;
  /** What is known of an account before the authority has said anything; null: nothing. */
  readonly #knownSpent: (account: string, startMs: number) => number | null;
  #second: WindowLease | null = null;
  #minute: WindowLease | null = null;
  #tokens: WindowLease | null = null;
  #concurrency: ConcurrencyLease | null = null;
  /** Of the current period, and of those that calls were admitted in which are not over. */
  #budgets: BudgetLease[] = [];
  #current: BudgetLease | null = null;
  #periodName = "";
  #timeZone = "";

  constructor(subject: string, context: LeaseContext, knownSpent: (account: string, startMs: number) => number | null) {
    this.subject = subject;
    this.#context = context;
    this.#knownSpent = knownSpent;
    this.#usedAt = context.monotonicMs();
  }

  /** A call is about to draw on these. */
  used(): void {
    this.#usedAt = this.#context.monotonicMs();
  }

  second(limit: number): WindowLease {
    this.#second ??= new WindowLease(windowKeys.second(this.subject), secondWindow, this.#context);
    this.#second.limit = limit;
    return this.#second;
  }

  minute(limit: number): WindowLease {
    this.#minute ??= new WindowLease(windowKeys.minute(this.subject), minuteWindow, this.#context);
    this.#minute.limit = limit;
    return this.#minute;
  }

  tokens(limit: number): WindowLease {
    this.#tokens ??= new WindowLease(windowKeys.tokens(this.subject), minuteWindow, this.#context);
    this.#tokens.limit = limit;
    return this.#tokens;
  }

  concurrency(limit: number): ConcurrencyLease {
    this.#concurrency ??= new ConcurrencyLease(`c:${this.subject}`, this.#context);
    this.#concurrency.limit = limit;
    return this.#concurrency;
  }

  /** Of the period that `nowMs` falls into. */
  budget(budget: Budget, nowMs: number): BudgetLease {
    const { period, timeZone, limitNanoUsd } = budget;
    let lease = this.#current;
    const isCurrent =
      lease !== null &&
      this.#periodName === period &&
      this.#timeZone === timeZone &&
      nowMs >= lease.period.startMs &&
      (lease.period.endMs === null || nowMs < lease.period.endMs);
    if (lease === null || !isCurrent) {
      const dates = periodOf(budget, nowMs);
      const name = accountName(this.subject, dates.startMs);
      lease = this.#budgets.find(({ key }) => key === `b:${name}`) ?? null;
      if (lease === null) {
        lease = new BudgetLease(`b:${name}`, this.subject, dates, this.#context, this.#knownSpent(name, dates.startMs));
        this.#budgets.push(lease);
      }
      this.#current = lease;
      this.#periodName = period;
      this.#timeZone = timeZone;
    }
    lease.limit = limitNanoUsd;
    return lease;
  }

  get budgets(): readonly BudgetLease[] {
    return this.#budgets;
  }

  *all(): Iterable<Lease> {
    if (this.#second !== null) yield this.#second;
    if (this.#minute !== null) yield this.#minute;
    if (this.#tokens !== null) yield this.#tokens;
    if (this.#concurrency !== null) yield this.#concurrency;
    yield* this.#budgets;
  }

  /** Forgets what nothing counts in any more; true: that is all of it. */
  sweep(nowMs: number): boolean {
    // Of an earlier period, which no call that waits can need any more.
    this.#budgets = this.#budgets.filter((lease) => {
      const { endMs } = lease.period;
      return lease === this.#current || endMs === null || nowMs < endMs + keptMs || !lease.isIdle();
    });
    if (this.#context.monotonicMs() - this.#usedAt < keptMs) return false;
    if (this.#second?.isIdle()) this.#second = null;
    if (this.#minute?.isIdle()) this.#minute = null;
    if (this.#tokens?.isIdle()) this.#tokens = null;
    if (this.#concurrency?.isIdle()) this.#concurrency = null;
    const kept = this.#budgets.filter((lease) => {
      const isOver = lease.period.endMs !== null && nowMs >= lease.period.endMs;
      return !isOver || !lease.isIdle();
    });
    if (kept.length !== this.#budgets.length) {
      this.#budgets = kept;
      if (this.#current !== null && !kept.includes(this.#current)) this.#current = null;
    }
    return (
      this.#second === null &&
      this.#minute === null &&
      this.#tokens === null &&
      this.#concurrency === null &&
      this.#budgets.length === 0
    );
  }
}
