// What holders of limits have used and have left, on the wire.
import { z } from "zod";
import { type BudgetPeriod, budgetPeriods } from "../domain/limits.ts";
import { limitsView } from "./limits.ts";
import { listQuery, searchField } from "./list.ts";
import { timeText } from "./time.ts";

export const holderKinds = ["key", "user", "group", "model"] as const;
export type HolderKind = (typeof holderKinds)[number];

export const allowancesQuery = listQuery.extend({
  kind: z.enum(holderKinds).optional(),
  search: searchField("the name"),
  near: z.enum(["true", "false"]).optional().describe("`true`: only those of whose tightest limit 80 % or more is used."),
});

export const allowanceParams = z.object({ kind: z.enum(holderKinds), id: z.string() });

const rate = z
  .object({
    limit: z.number().int(),
    used: z.number().int().describe("Of a window of any second or 60 seconds that ends now."),
    remaining: z.number().int(),
    resets_at: timeText.describe("When all of it is there again, were no more calls to come."),
  })
  .nullable();

const budget = z
  .object({
    limit_usd: z.number(),
    spent_usd: z.number().describe("Since `started_at`."),
    reserved_usd: z.number().describe("At most what calls under way may still cost."),
    remaining_usd: z.number(),
    period: z.enum(budgetPeriods as readonly [BudgetPeriod, ...BudgetPeriod[]]),
    timezone: z.string(),
    unpriced: z.enum(["deny", "allow"]),
    started_at: timeText.nullable().describe("Null: the budget is for all time."),
    resets_at: timeText.nullable().describe("Null: never."),
    share: z.number().describe("Spent and reserved, of the limit; 1 where that is 0."),
  })
  .nullable();

export const allowanceView = z
  .object({
    kind: z.enum(holderKinds),
    id: z.string(),
    name: z.string(),
    limits: limitsView.describe("As they are set."),
    used_share: z.number().describe("Of the limit of which most is used; 1: nothing is left."),
    requests_per_second: rate,
    requests_per_minute: rate,
    tokens_per_minute: rate,
    concurrent_requests: z.object({ limit: z.number().int(), used: z.number().int() }).nullable(),
    budget,
  })
  .meta({ id: "Allowance" });

export type AllowanceBody = z.output<typeof allowanceView>;
