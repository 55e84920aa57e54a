// What an attempt's row adds to the hourly roll-ups. A pure function of the row, so that a row that changes is taken out and put in again.
import { hash } from "node:crypto";
import { histogramBucket } from "../../core/histogram.ts";
import type { AttemptRow } from "../ports/ledger.ts";
import type { LatencyHourlyTable, UsageChangedDaysTable, UsageHourlyTable, UsageLatencyTable } from "../schema/usage.ts";
import { latencyTotals } from "./usage-totals.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** What rows of the same hour and dimensions add up to. */
interface Entry {
  sums: UsageHourlyTable;
  /** Counts by bucket. */
  duration: Map<number, number>;
  ttft: Map<number, number>;
}

/** Rows to be added to the tables of these names. */
export interface UsageAddition {
  hourly: UsageHourlyTable[];
  latency: UsageLatencyTable[];
  days: UsageChangedDaysTable[];
  latencyTotals: LatencyHourlyTable[];
}

/** The changes to the roll-ups of a transaction, one entry per row of the tables. */
export class UsageRollUp {
  readonly #entries: Entry[] = [];
  /** By key id and endpoint id, which leave few to compare with. */
  readonly #byKey = new Map<string, Map<string, Entry[]>>();

  add(row: AttemptRow): void {
    this.#count(row, 1);
  }

  /** Takes out what `add` of the same row put in. */
  subtract(row: AttemptRow): void {
    this.#count(row, -1);
  }

  /** What there is to add, by key: concurrent writers lock rows in the same order. */
  addition(): UsageAddition {
    const hourly = this.#hourly;
    const latency = this.#latency;
    return { hourly, latency, days: daysOf(hourly), latencyTotals: latencyTotals(latency) };
  }

  get #hourly(): UsageHourlyTable[] {
    return inOrder(this.#entries.map(({ sums }) => sums));
  }

  get #latency(): UsageLatencyTable[] {
    const rows: UsageLatencyTable[] = [];
    for (const { sums, duration, ttft } of this.#entries) {
      const { hour, dims } = sums;
      for (const [bucket, count] of duration) if (count !== 0) rows.push({ hour, dims, metric: "duration", bucket, count });
      for (const [bucket, count] of ttft) if (count !== 0) rows.push({ hour, dims, metric: "ttft", bucket, count });
    }
    return rows.sort((a, b) => a.hour - b.hour || compare(a.dims, b.dims) || compare(a.metric, b.metric) || a.bucket - b.bucket);
  }

  #count(row: AttemptRow, sign: 1 | -1): void {
    if (row.state === "started") return;
    const { sums, duration, ttft } = this.#entryOf(row);
    const { status, cost_nano_usd: cost } = row;
    const interrupted = row.state === "interrupted";
    const final = row.final === 1;
    sums.attempts += sign;
    sums.input_tokens += sign * row.input_tokens;
    sums.cached_input_tokens += sign * row.cached_input_tokens;
    sums.cache_write_tokens += sign * row.cache_write_tokens;
    sums.output_tokens += sign * row.output_tokens;
    sums.reasoning_tokens += sign * row.reasoning_tokens;
    sums.cost_nano_usd += sign * (cost ?? 0);
    if (row.ttft_ms !== null) countIn(ttft, row.ttft_ms, sign);
    if (!final) return;
    sums.requests += sign;
    if (interrupted || row.error !== null || (status ?? 0) >= 400) sums.errors += sign;
    if (row.usage_source === "estimated") sums.estimated_requests += sign;
    if (cost === null && status !== null && status < 400) sums.unpriced_requests += sign;
    if (interrupted) sums.interrupted_requests += sign;
    if (row.duration_ms !== null) countIn(duration, row.duration_ms, sign);
  }

  #entryOf(row: AttemptRow): Entry {
    const hour = row.started_at - (row.started_at % hourMs);
    const keyId = row.key_id ?? "";
    let byEndpoint = this.#byKey.get(keyId);
    if (byEndpoint === undefined) {
      byEndpoint = new Map();
      this.#byKey.set(keyId, byEndpoint);
    }
    let entries = byEndpoint.get(row.endpoint_id);
    if (entries === undefined) {
      entries = [];
      byEndpoint.set(row.endpoint_id, entries);
    }
    let entry = entries.find(({ sums }) => sums.hour === hour && hasDimensions(sums, row));
    if (entry === undefined) {
      entry = { sums: noSums(hour, row), duration: new Map(), ttft: new Map() };
      entries.push(entry);
      this.#entries.push(entry);
    }
    return entry;
  }
}

/** By key. */
export function inOrder(hourly: UsageHourlyTable[]): UsageHourlyTable[] {
  return hourly.sort((a, b) => a.hour - b.hour || compare(a.dims, b.dims));
}

/** Each once, in order. */
export function daysOf(hourly: readonly UsageHourlyTable[]): UsageChangedDaysTable[] {
  const days = new Set(hourly.map(({ hour }) => hour - (hour % dayMs)));
  return [...days].sort((a, b) => a - b).map((day) => ({ day }));
}

/** Key and endpoint ids are known to be the same. */
function hasDimensions(sums: UsageHourlyTable, { model, endpoint, user_id, group_id }: AttemptRow): boolean {
  return sums.model === model && sums.endpoint === endpoint && sums.user_id === (user_id ?? "") && sums.group_id === group_id;
}

/** What the roll-ups of hours keep apart. */
type Dimensions = Pick<AttemptRow, "model" | "endpoint_id" | "endpoint" | "key_id" | "user_id" | "group_id">;

/** The row of an hour and dimensions to which nothing is added yet. */
export function noSums(hour: number, row: Dimensions): UsageHourlyTable {
  return {
    hour,
    dims: digestOf(row),
    model: row.model,
    endpoint_id: row.endpoint_id,
    endpoint: row.endpoint,
    key_id: row.key_id ?? "",
    user_id: row.user_id ?? "",
    group_id: row.group_id,
    requests: 0,
    attempts: 0,
    errors: 0,
    input_tokens: 0,
    cached_input_tokens: 0,
    cache_write_tokens: 0,
    output_tokens: 0,
    reasoning_tokens: 0,
    cost_nano_usd: 0,
    estimated_requests: 0,
    unpriced_requests: 0,
    interrupted_requests: 0,
  };
}

/** A short stand-in for the six dimensions, so that the primary key stays small. */
function digestOf({ model, endpoint_id, endpoint, key_id, user_id, group_id }: Dimensions): string {
  const text = JSON.stringify([model, endpoint_id, endpoint, key_id ?? "", user_id ?? "", group_id]);
  return hash("sha256", text).slice(0, 32);
}

function countIn(buckets: Map<number, number>, ms: number, sign: 1 | -1): void {
  const bucket = histogramBucket(ms);
  buckets.set(bucket, (buckets.get(bucket) ?? 0) + sign);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
