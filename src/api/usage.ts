// Usage reports on the wire.
import { z } from "zod";
import { timeOrDateField, timeText } from "./time.ts";

const usageDimensions = ["model", "endpoint", "key", "user", "group"] as const;
export type UsageDimension = (typeof usageDimensions)[number];

const groupBy = z
  .string()
  .transform((text, context) => {
    const names = text.split(",").map((name) => name.trim());
    const wrong = names.find((name) => !(usageDimensions as readonly string[]).includes(name));
    if (wrong === undefined) return [...new Set(names)] as UsageDimension[];
    context.addIssue({ code: "custom", message: `must be a comma-separated list of ${usageDimensions.join(", ")}` });
    return z.NEVER;
  })
  .describe("Comma-separated: model, endpoint, key, user, group.");

const filter = z.string().min(1).optional();

export const usageQuery = z.strictObject({
  from: timeOrDateField.optional().describe("Default: 24 hours before `to`. Rounded down to the hour."),
  to: timeOrDateField.optional().describe("Default: now. Rounded up to the hour."),
  group_by: groupBy.optional(),
  bucket: z.enum(["hour", "day"]).optional(),
  model: filter.describe("Public name."),
  endpoint: filter.describe("Name of the endpoint."),
  key: filter.describe("Id of the key."),
  user: filter.describe("Id of the user."),
  group: filter.describe("Id of the group that pays."),
});

export const usageReportQuery = usageQuery.extend({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe("Only so many rows: those with the most requests, in that order. Left out: all, by bucket and name."),
});

export const usageExportQuery = usageQuery.extend({ format: z.enum(["csv", "json"]).default("csv") });

const count = z.number().int();

const usageRow = z
  .object({
    bucket: timeText.optional().describe("Start of the hour or UTC day."),
    model: z.string().nullable().optional(),
    endpoint: z.string().nullable().optional(),
    key: z.string().nullable().optional(),
    key_name: z.string().nullable().optional(),
    user: z.string().nullable().optional(),
    user_name: z.string().nullable().optional(),
    group: z.string().nullable().optional(),
    group_name: z.string().nullable().optional(),
    requests: count.describe("Requests, not attempts."),
    errors: count.describe("Requests with a final status of 400 or more, or a broken stream."),
    input_tokens: count.describe("Without cached ones."),
    cached_input_tokens: count,
    cache_write_tokens: count,
    output_tokens: count.describe("With reasoning."),
    reasoning_tokens: count,
    cost_usd: z.number().nullable().describe("Null when nothing in the row has a price."),
    estimated_requests: count,
    unpriced_requests: count,
    interrupted_requests: count,
  })
  .meta({ id: "UsageRow" });

export const usageReport = z.object({ data: z.array(usageRow), next_cursor: z.null(), from: timeText, to: timeText });

export type UsageReport = z.output<typeof usageReport>;
export type UsageRowBody = z.output<typeof usageRow>;
export type UsageQueryBody = z.output<typeof usageQuery>;
