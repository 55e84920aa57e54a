// What an attempt's row adds to the hourly roll-ups. A pure function of the row, so that a row that changes is taken out and put in again.
import { createHash } from "node:crypto";
import { histogramBucket } from "../core/histogram.ts";
import type { ColumnType } from "./json-rows.ts";
import type { AttemptRow } from "./port.ts";
import type { UsageHourlyTable, UsageLatencyTable } from "./schema.ts";

const hourMs = 3_600_000;

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

/** The columns that are sums. */
export const usageSums = Object.keys(usageHourlyColumns).slice(8) as (keyof Sums)[];
type Sums = Omit<UsageHourlyTable, "hour" | "dims" | "model" | "endpoint_id" | "endpoint" | "key_id" | "user_id" | "group_id">;

export const usageLatencyColumns: Readonly<Record<keyof UsageLatencyTable, ColumnType>> = {
  hour: "bigint",
  dims: "text",
  metric: "text",
  bucket: "bigint",
  count: "bigint",
};

/** The changes to the roll-ups of a batch, one entry per row of the tables. */
export class UsageRollUp {
  readonly #hourly = new Map<string, UsageHourlyTable>();
  readonly #latency = new Map<string, UsageLatencyTable>();
  readonly #digests = new Map<string, string>();

  add(row: AttemptRow): void {
    this.#count(row, 1);
  }

  /** Takes out what `add` of the same row put in. */
  subtract(row: AttemptRow): void {
    this.#count(row, -1);
  }

  /** By key, so that concurrent writers lock rows in the same order. */
  get hourly(): UsageHourlyTable[] {
    return [...this.#hourly.values()].sort((a, b) => a.hour - b.hour || compare(a.dims, b.dims));
  }

  get latency(): UsageLatencyTable[] {
    const byKey = (a: UsageLatencyTable, b: UsageLatencyTable) =>
      a.hour - b.hour || compare(a.dims, b.dims) || compare(a.metric, b.metric) || a.bucket - b.bucket;
    return [...this.#latency.values()].filter((entry) => entry.count !== 0).sort(byKey);
  }

  #count(row: AttemptRow, sign: 1 | -1): void {
    if (row.state === "started") return;
    const interrupted = row.state === "interrupted";
    const final = row.final === 1;
    const failed = interrupted || row.error !== null || (row.status ?? 0) >= 400;
    const sums = this.#sumsOf(row);
    const count = (column: keyof Sums, amount: number | boolean) => {
      sums[column] += sign * Number(amount);
    };
    count("requests", final);
    count("attempts", 1);
    count("errors", final && failed);
    count("input_tokens", row.input_tokens);
    count("cached_input_tokens", row.cached_input_tokens);
    count("cache_write_tokens", row.cache_write_tokens);
    count("output_tokens", row.output_tokens);
    count("reasoning_tokens", row.reasoning_tokens);
    count("cost_nano_usd", row.cost_nano_usd ?? 0);
    count("estimated_requests", final && row.usage_source === "estimated");
    count("unpriced_requests", final && row.cost_nano_usd === null && row.status !== null && row.status < 400);
    count("interrupted_requests", final && interrupted);
    if (row.ttft_ms !== null) this.#countLatency(sums, "ttft", row.ttft_ms, sign);
    if (final && row.duration_ms !== null) this.#countLatency(sums, "duration", row.duration_ms, sign);
  }

  #sumsOf(row: AttemptRow): UsageHourlyTable {
    const hour = row.started_at - (row.started_at % hourMs);
    const dims = this.#digest(row);
    const key = `${hour} ${dims}`;
    let sums = this.#hourly.get(key);
    if (sums === undefined) {
      const { model, endpoint_id, endpoint, group_id } = row;
      const zeros = Object.fromEntries(usageSums.map((column) => [column, 0])) as unknown as Sums;
      const [key_id, user_id] = [row.key_id ?? "", row.user_id ?? ""];
      sums = { hour, dims, model, endpoint_id, endpoint, key_id, user_id, group_id, ...zeros };
      this.#hourly.set(key, sums);
    }
    return sums;
  }

  #countLatency({ hour, dims }: UsageHourlyTable, metric: "duration" | "ttft", ms: number, sign: 1 | -1): void {
    const bucket = histogramBucket(ms);
    const key = `${hour} ${dims} ${metric} ${bucket}`;
    const entry = this.#latency.get(key) ?? { hour, dims, metric, bucket, count: 0 };
    entry.count += sign;
    this.#latency.set(key, entry);
  }

  /** A short stand-in for the six dimensions, so that the primary key stays small. */
  #digest(row: AttemptRow): string {
    const { model, endpoint_id, endpoint, key_id, user_id, group_id } = row;
    const known = `${model}\n${endpoint_id}\n${endpoint}\n${key_id}\n${user_id}\n${group_id}`;
    let digest = this.#digests.get(known);
    if (digest === undefined) {
      const text = JSON.stringify([model, endpoint_id, endpoint, key_id ?? "", user_id ?? "", group_id]);
      digest = createHash("sha256").update(text).digest("hex").slice(0, 32);
      this.#digests.set(known, digest);
    }
    return digest;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
