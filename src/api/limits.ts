// What a key, a user, a group or a model is held to, on the wire.
import { z } from "zod";
import { type BudgetPeriod, budgetPeriods, checkBudgetUsd, tokensPerMinuteMax } from "../domain/limits.ts";
import { isTimeZone } from "../domain/time-zone.ts";

const rate = z.number().int().min(1).max(1_000_000).nullish();
const periods = budgetPeriods as readonly [BudgetPeriod, ...BudgetPeriod[]];

const budgetUsd = z.number().superRefine((usd, context) => {
  const wrong = checkBudgetUsd(usd);
  if (wrong !== null) context.addIssue({ code: "custom", message: wrong });
});
const timeZone = z.string().superRefine((name, context) => {
  if (!isTimeZone(name))
    context.addIssue({ code: "custom", message: "must be the IANA name of a time zone, such as Europe/Berlin" });
});

/** Those that are to be set; null takes one back. */
export const limitsField = z.strictObject({
  requests_per_second: rate.describe("At most so many in any second."),
  requests_per_minute: rate.describe("At most so many in any 60 seconds."),
  tokens_per_minute: z
    .number()
    .int()
    .min(1)
    .max(tokensPerMinuteMax)
    .nullish()
    .describe("Input and output of the calls of any 60 seconds."),
  concurrent_requests: rate.describe("At most so many under way at once."),
  budget_usd: budgetUsd
    .nullish()
    .describe("What calls may cost in a period, 0 to 9000000 with at most 9 decimals. Null takes the three below back too."),
  budget_period: z.enum(periods).nullish().describe("Of the calendar; weeks begin on Monday. Default: `month`."),
  budget_timezone: timeZone.nullish().describe("Where the period begins: an IANA name. Default: `UTC`."),
  budget_unpriced: z
    .enum(["deny", "allow"])
    .nullish()
    .describe("Calls of models without a price: refused (403 `unpriced_model`), or let through uncounted. Default: `deny`."),
});

/** Those that are set; of a budget all four. */
export const limitsView = z
  .object({
    requests_per_second: z.number().int().optional(),
    requests_per_minute: z.number().int().optional(),
    tokens_per_minute: z.number().int().optional(),
    concurrent_requests: z.number().int().optional(),
    budget_usd: z.number().optional(),
    budget_period: z.enum(periods).optional(),
    budget_timezone: z.string().optional(),
    budget_unpriced: z.enum(["deny", "allow"]).optional(),
  })
  .meta({ id: "Limits" });

export type GivenLimits = z.output<typeof limitsField>;
export type LimitsBody = z.output<typeof limitsView>;
