// How sums are added to the roll-ups, in the SQL that both engines share.
import type { ColumnType } from "../json-rows.ts";
import type {
  LatencyHourlyTable,
  UsageChangedDaysTable,
  UsageHourlyTable,
  UsageLatencyTable,
  UsageSums,
} from "../schema/usage.ts";

export const sumColumns: Readonly<Record<keyof UsageSums, ColumnType>> = {
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
export const usageHourlyColumns: Readonly<Record<keyof UsageHourlyTable, ColumnType>> = {
  hour: "bigint",
  dims: "text",
  model: "text",
  endpoint_id: "text",
  endpoint: "text",
  key_id: "text",
  user_id: "text",
  group_id: "text",
  ...sumColumns,
};

export const changedDayColumns: Readonly<Record<keyof UsageChangedDaysTable, ColumnType>> = { day: "bigint" };

/** In the table's order. */
export const usageLatencyColumns: Readonly<Record<keyof UsageLatencyTable, ColumnType>> = {
  hour: "bigint",
  dims: "text",
  metric: "text",
  bucket: "bigint",
  count: "bigint",
};

/** In the table's order. */
export const latencyHourlyColumns: Readonly<Record<keyof LatencyHourlyTable, ColumnType>> = {
  hour: "bigint",
  metric: "text",
  bucket: "bigint",
  count: "bigint",
};

function adding(table: string, key: string, columns: readonly string[]): string {
  const sums = columns.map((name) => `"${name}" = ${table}."${name}" + excluded."${name}"`);
  return `on conflict (${key}) do update set ${sums.join(", ")}`;
}

const sums = Object.keys(sumColumns);

/** What follows an insert into usage_hourly. */
export const addHourly = adding("usage_hourly", "hour, dims", sums);

/** What follows an insert into usage_changed_days. */
export const addChangedDay = "on conflict (day) do nothing";

/** What follows an insert into usage_latency. */
export const addLatency = adding("usage_latency", "hour, dims, metric, bucket", ["count"]);

/** What follows an insert into latency_hourly. */
export const addLatencyTotal = adding("latency_hourly", "hour, metric, bucket", ["count"]);
