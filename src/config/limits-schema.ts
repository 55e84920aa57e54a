// The `limits` of a key in the config file.
import { z } from "zod";
import { type BudgetPeriod, budgetPeriods, checkBudgetUsd, tokensPerMinuteMax } from "../domain/limits.ts";
import { isTimeZone } from "../domain/time-zone.ts";
import { documented, mustBe, oneOf, text, wholeNumber } from "./fields.ts";

/** How many requests a second or a minute. */
export function checkRequestRate(value: number): string | null {
  return value >= 1 && value <= 1_000_000 ? null : "must be a whole number from 1 to 1,000,000";
}

function checkTokenRate(value: number): string | null {
  return value >= 1 && value <= tokensPerMinuteMax ? null : "must be a whole number from 1 to 1,000,000,000,000";
}

/** Dollars; digits as text too, since `${VAR}` is text. */
function dollars() {
  return z.union([z.number(), z.string()], mustBe("a number of dollars")).transform((value, context) => {
    const number = typeof value === "number" ? value : /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : Number.NaN;
    const wrong = checkBudgetUsd(number);
    if (wrong !== null) context.addIssue({ code: "custom", message: wrong });
    return number;
  });
}

const periods = budgetPeriods as readonly [BudgetPeriod, ...BudgetPeriod[]];

export const keyLimits = z
  .strictObject({
    requests_per_second: documented(wholeNumber(checkRequestRate).optional(), {
      type: "number",
      description: "The most requests in any second; above it: 429 `rate_limit_exceeded`.",
      defaultText: "no limit",
    }),
    requests_per_minute: documented(wholeNumber(checkRequestRate).optional(), {
      type: "number",
      description: "The most requests in any 60 seconds.",
      defaultText: "no limit",
    }),
    tokens_per_minute: documented(wholeNumber(checkTokenRate).optional(), {
      type: "number",
      description: "The most tokens, input and output, of the calls of any 60 seconds.",
      defaultText: "no limit",
    }),
    concurrent_requests: documented(wholeNumber(checkRequestRate).optional(), {
      type: "number",
      description: "The most requests under way at once; above it: 429 `concurrency_limit_exceeded`.",
      defaultText: "no limit",
    }),
    budget_usd: documented(dollars().optional(), {
      type: "number",
      description: "What calls may cost in a period, US dollars; above it: 429 `insufficient_quota`.",
      defaultText: "no limit",
    }),
    budget_period: documented(oneOf(periods).optional(), {
      type: "`day`, `week`, `month` or `total`",
      description: "Of the calendar; weeks begin on Monday.",
      defaultText: "`month`",
    }),
    budget_timezone: documented(
      text((name) => (isTimeZone(name) ? null : "must be the IANA name of a time zone, such as Europe/Berlin")).optional(),
      { type: "text", description: "Where the period begins: the IANA name of a time zone.", defaultText: "`UTC`" },
    ),
    budget_unpriced: documented(oneOf(["deny", "allow"]).optional(), {
      type: "`deny` or `allow`",
      description: "Calls of models without a price: refused (403 `unpriced_model`), or let through uncounted.",
      defaultText: "`deny`",
    }),
  })
  .superRefine((limits, context) => {
    if (limits.budget_usd !== undefined) return;
    for (const name of ["budget_period", "budget_timezone", "budget_unpriced"] as const) {
      if (limits[name] === undefined) continue;
      context.addIssue({ code: "custom", path: [name], message: "says something about a budget, and there is no budget_usd" });
    }
  });
