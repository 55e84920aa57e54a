// How sums are added to the roll-ups, in the SQL that both engines share.
import type { ColumnType } from "../json-rows.ts";
import type { UsageHourlyTable, UsageLatencyTable } from "../schema.ts";

/** In the table's order. */
export const usageHourlyColumns: Readonly<Record<keyof UsageHourlyTable, ColumnType>> = {
  hour: "bigint",
  dims: "text",
  model: "text",
  endpoint_id: "text",
  endpoint: "text",
  key_id: "text",
  user_id: "text",
  group_id: "text",
  requests: "bigint",
  attempts: "bigint",
  errors: "bigint",
  input_tokens: "bigint",
  cached_input_tokens: "bigint",
  cache_write_tokens: "bigint",
  output_tokens: "bigint",
  reasoning_tokens: "bigint",
  cost_nano_usd: "bigint",
  estimated_requests: "bigint",
  unpriced_requests: "bigint",
  interrupted_requests: "bigint",
};

/** In the table's order. */
export const usageLatencyColumns: Readonly<Record<keyof UsageLatencyTable, ColumnType>> = {
  hour: "bigint",
  dims: "text",
  metric: "text",
  bucket: "bigint",
  count: "bigint",
};

const sums = Object.keys(usageHourlyColumns).slice(8);

/** What follows an insert into usage_hourly. */
export const addHourly = `on conflict (hour, dims) do update set ${sums.map((name) => `${name} = usage_hourly.${name} + excluded.${name}`).join(", ")}`;

/** What follows an insert into usage_latency. */
export const addLatency =
  'on conflict (hour, dims, metric, bucket) do update set "count" = usage_latency."count" + excluded."count"';
