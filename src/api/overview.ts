// The overview on the wire: how it goes, how it went before, and what is wrong now.
import { z } from "zod";
import { timeOrDateField, timeText } from "./time.ts";

export const overviewQuery = z.strictObject({
  from: timeOrDateField.optional().describe("Default: 24 hours before `to`. Rounded down to the minute or hour."),
  to: timeOrDateField.optional().describe("Default: now. Rounded up to the minute or hour."),
});

const count = z.number().int();
const quantile = z.number().nullable();

const figures = z.object({
  requests: count,
  errors: count.describe("Requests with a final status of 400 or more, or a broken stream."),
  input_tokens: count.describe("Without cached ones."),
  cached_input_tokens: count,
  output_tokens: count.describe("With reasoning."),
  cost_usd: z.number().nullable().describe("Null when nothing in it has a price."),
  estimated_requests: count,
  p50_ms: quantile.describe("Of how long the last attempts of requests took; right to an eighth, as all of these. Null: none."),
  p95_ms: quantile,
  ttft_p50_ms: quantile.describe("Of the time to the first token."),
  ttft_p95_ms: quantile,
});

const unhealthy = z.object({
  kind: z.enum(["part", "endpoint", "deployment", "manifest"]).describe("`part`: of Headgate itself."),
  id: z.string().nullable().describe("Null for parts."),
  name: z.string().describe("Of a deployment: endpoint and upstream model."),
  status: z.string().describe("As its list says it; `degraded` for parts."),
  cause: z.string().nullable(),
  since: timeText.nullable(),
});

export const overviewView = z
  .object({
    from: timeText,
    to: timeText,
    bucket: z.enum(["minute", "hour", "day"]).describe("Minutes up to 2 hours, hours up to 7 days."),
    totals: figures,
    previous: figures.describe("The same for as long before `from`."),
    series: z.array(figures.extend({ bucket: timeText.describe("Its start, UTC.") })).describe("By time, empty ones too."),
    unhealthy: z
      .array(unhealthy)
      .describe(
        "What is wrong now, worst first, at most 100; empty to those whose role does not show what stands behind models.",
      ),
  })
  .meta({ id: "Overview" });

export type OverviewFigures = z.output<typeof figures>;
export type UnhealthyBody = z.output<typeof unhealthy>;
export type OverviewBody = z.output<typeof overviewView>;
