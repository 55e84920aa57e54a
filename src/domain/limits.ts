// What a key, a user, a group or a model is held to.

export type BudgetPeriod = "day" | "week" | "month" | "total";

export const budgetPeriods: readonly BudgetPeriod[] = ["day", "week", "month", "total"];

/** What may be spent in a period of the calendar. */
export interface Budget {
  /** Whole nano-dollars, at least 0: then nothing that costs anything is admitted. */
  limitNanoUsd: number;
  period: BudgetPeriod;
  /** IANA name: where the days, weeks (from Monday) and months begin. */
  timeZone: string;
  /** What is done with a call whose model has no price. */
  unpriced: "deny" | "allow";
}

/** Null: not limited. Windows slide: at most N in any second, or in any 60 seconds. */
export interface Limits {
  requestsPerSecond: number | null;
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
  concurrentRequests: number | null;
  budget: Budget | null;
}

export const noLimits: Limits = {
  requestsPerSecond: null,
  requestsPerMinute: null,
  tokensPerMinute: null,
  concurrentRequests: null,
  budget: null,
};

export const defaultBudgetPeriod: BudgetPeriod = "month";
export const defaultBudgetTimeZone = "UTC";

export const tokensPerMinuteMax = 1e12;

/** Sums of nano-dollars up to this are whole numbers in a double. */
const budgetUsdMax = 9_000_000;

/** Null: fine. */
export function checkBudgetUsd(usd: number): string | null {
  if (!(usd >= 0 && usd <= budgetUsdMax)) return "must be a number of dollars from 0 to 9000000";
  return Number(usd.toFixed(9)) === usd ? null : "must have at most 9 decimals";
}

export function isLimited(limits: Limits): boolean {
  return hasRates(limits) || limits.budget !== null;
}

/** Whether anything but a budget is limited. */
export function hasRates({ requestsPerSecond, requestsPerMinute, tokensPerMinute, concurrentRequests }: Limits): boolean {
  return requestsPerSecond !== null || requestsPerMinute !== null || tokensPerMinute !== null || concurrentRequests !== null;
}

/** As stored and on the wire: the limits that are set, by the names of the admin API. */
export interface StoredLimits {
  requests_per_second?: number | undefined;
  requests_per_minute?: number | undefined;
  tokens_per_minute?: number | undefined;
  concurrent_requests?: number | undefined;
  budget_usd?: number | undefined;
  budget_period?: BudgetPeriod | undefined;
  budget_timezone?: string | undefined;
  budget_unpriced?: "deny" | "allow" | undefined;
}

/** Reads a `limits` column; null there: none. */
export function limitsOf(column: string | null): Limits {
  return column === null ? noLimits : limitsOfStored(JSON.parse(column) as StoredLimits);
}

export function limitsOfStored(stored: StoredLimits): Limits {
  return {
    requestsPerSecond: stored.requests_per_second ?? null,
    requestsPerMinute: stored.requests_per_minute ?? null,
    tokensPerMinute: stored.tokens_per_minute ?? null,
    concurrentRequests: stored.concurrent_requests ?? null,
    budget: budgetOf(stored),
  };
}

function budgetOf(stored: StoredLimits): Budget | null {
  if (stored.budget_usd === undefined) return null;
  return {
    limitNanoUsd: Math.round(stored.budget_usd * 1e9),
    period: stored.budget_period ?? defaultBudgetPeriod,
    timeZone: stored.budget_timezone ?? defaultBudgetTimeZone,
    unpriced: stored.budget_unpriced ?? "deny",
  };
}

/** What `limitsOf` reads; null when nothing is limited. */
export function limitsColumnOf(limits: Limits): string | null {
  const { budget } = limits;
  const stored: StoredLimits = {
    ...(limits.requestsPerSecond === null ? {} : { requests_per_second: limits.requestsPerSecond }),
    ...(limits.requestsPerMinute === null ? {} : { requests_per_minute: limits.requestsPerMinute }),
    ...(limits.tokensPerMinute === null ? {} : { tokens_per_minute: limits.tokensPerMinute }),
    ...(limits.concurrentRequests === null ? {} : { concurrent_requests: limits.concurrentRequests }),
    ...(budget === null
      ? {}
      : {
          budget_usd: budget.limitNanoUsd / 1e9,
          budget_period: budget.period,
          budget_timezone: budget.timeZone,
          budget_unpriced: budget.unpriced,
        }),
  };
  return Object.keys(stored).length === 0 ? null : JSON.stringify(stored);
}
