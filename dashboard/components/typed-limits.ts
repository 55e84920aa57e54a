// Limits as they are typed, and what of them is sent.
import type { BudgetPeriod, StoredLimits } from "../../src/domain/limits.ts";

/** What is typed: text, "" for no limit. */
export interface TypedLimits {
  requestsPerSecond: string;
  requestsPerMinute: string;
  tokensPerMinute: string;
  concurrentRequests: string;
  /** "": no budget; then what else is said of it is not sent. */
  budgetUsd: string;
  budgetPeriod: BudgetPeriod;
  budgetTimeZone: string;
  budgetUnpriced: "deny" | "allow";
}

/** Of the wire; null takes a limit back. */
export type LimitsPatch = { [Name in keyof StoredLimits]-?: NonNullable<StoredLimits[Name]> | null };

/** Where the browser is: what people mean by a day. */
export function ownTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

export function typedLimits(limits: StoredLimits | null): TypedLimits {
  const hasBudget = limits?.budget_usd !== undefined;
  return {
    requestsPerSecond: String(limits?.requests_per_second ?? ""),
    requestsPerMinute: String(limits?.requests_per_minute ?? ""),
    tokensPerMinute: String(limits?.tokens_per_minute ?? ""),
    concurrentRequests: String(limits?.concurrent_requests ?? ""),
    budgetUsd: plain(limits?.budget_usd),
    budgetPeriod: limits?.budget_period ?? "month",
    budgetTimeZone: limits?.budget_timezone ?? (hasBudget ? "UTC" : ownTimeZone()),
    budgetUnpriced: limits?.budget_unpriced ?? "deny",
  };
}

/** As a merge patch: null takes a limit back. */
export function limitsPatch(typed: TypedLimits): LimitsPatch {
  const numberOf = (text: string) => (text.trim() === "" ? null : Number(text));
  const hasBudget = typed.budgetUsd.trim() !== "";
  return {
    requests_per_second: numberOf(typed.requestsPerSecond),
    requests_per_minute: numberOf(typed.requestsPerMinute),
    tokens_per_minute: numberOf(typed.tokensPerMinute),
    concurrent_requests: numberOf(typed.concurrentRequests),
    budget_usd: numberOf(typed.budgetUsd),
    budget_period: hasBudget ? typed.budgetPeriod : null,
    budget_timezone: hasBudget ? typed.budgetTimeZone.trim() : null,
    budget_unpriced: hasBudget ? typed.budgetUnpriced : null,
  };
}

/** Of a new one: only those that are set; null: none. */
export function newLimits(typed: TypedLimits): StoredLimits | null {
  const given = Object.entries(limitsPatch(typed)).filter(([, value]) => value !== null);
  return given.length === 0 ? null : (Object.fromEntries(given) as StoredLimits);
}

/** Without an exponent, which no field takes: 0.0000005, not 5e-7. */
function plain(value: number | undefined): string {
  if (value === undefined) return "";
  const text = String(value);
  return text.includes("e") ? value.toFixed(9).replace(/\.?0+$/, "") : text;
}
