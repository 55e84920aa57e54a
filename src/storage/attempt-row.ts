// Ledger records as rows. A row must always fit the database: a record that can't be stored would block all that follow it.
import type { AttemptSettled, AttemptStarted, LedgerRecord } from "../domain/ledger-record.ts";
import type { ColumnType } from "./json-rows.ts";
import type { AttemptRow } from "./port.ts";

/** In the table's order. */
export const attemptColumns: Readonly<Record<keyof AttemptRow, ColumnType>> = {
  started_at: "bigint",
  id: "text",
  request_id: "text",
  attempt_no: "bigint",
  process_id: "text",
  request_started_at: "bigint",
  state: "text",
  key_id: "text",
  user_id: "text",
  group_id: "text",
  model: "text",
  endpoint_id: "text",
  endpoint: "text",
  deployment_id: "text",
  upstream_model: "text",
  dialect: "text",
  method: "text",
  path: "text",
  stream: "bigint",
  why: "text",
  settled_at: "bigint",
  status: "bigint",
  error: "text",
  final: "bigint",
  ttft_ms: "bigint",
  duration_ms: "bigint",
  input_tokens: "bigint",
  cached_input_tokens: "bigint",
  cache_write_tokens: "bigint",
  output_tokens: "bigint",
  reasoning_tokens: "bigint",
  usage_source: "text",
  cost_nano_usd: "bigint",
  price_version: "text",
};

/** Providers send what they like; with this bound no sum over a table can overflow 64 bits. */
const mostTokens = 2 ** 40;

function tokens(count: number): number {
  return Number.isFinite(count) ? Math.min(Math.max(Math.round(count), 0), mostTokens) : 0;
}

function integer(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : Math.round(value);
}

/** The row of one record. A started one counts as its request's last attempt, with the estimate of its input as tokens, until it is settled. */
export function attemptRow(record: LedgerRecord): AttemptRow {
  const settled = record.event === "settled";
  return {
    ...startedColumns(record),
    ...(settled ? settledColumns(record) : {}),
  };
}

function startedColumns(record: AttemptStarted | AttemptSettled): AttemptRow {
  return {
    started_at: Math.round(record.startedAtMs),
    id: record.id,
    request_id: record.requestId,
    attempt_no: record.attemptNo,
    process_id: record.processId,
    request_started_at: Math.round(record.requestStartedAtMs),
    state: "started",
    key_id: record.keyId,
    user_id: record.userId,
    group_id: record.groupId,
    model: record.model,
    endpoint_id: record.endpointId,
    endpoint: record.endpoint,
    deployment_id: record.deploymentId,
    upstream_model: record.upstreamModel,
    dialect: record.dialect,
    method: record.method,
    path: record.path,
    stream: record.stream ? 1 : 0,
    why: record.why,
    settled_at: null,
    status: null,
    error: null,
    final: 1,
    ttft_ms: null,
    duration_ms: null,
    input_tokens: tokens(record.inputTokensEstimate),
    cached_input_tokens: 0,
    cache_write_tokens: 0,
    output_tokens: 0,
    reasoning_tokens: 0,
    usage_source: "estimated",
    cost_nano_usd: null,
    price_version: null,
  };
}

function settledColumns(record: AttemptSettled): Partial<AttemptRow> {
  return {
    state: "settled",
    settled_at: integer(record.settledAtMs),
    status: integer(record.status),
    error: record.error,
    final: record.final ? 1 : 0,
    ttft_ms: integer(record.ttftMs),
    duration_ms: integer(record.durationMs),
    input_tokens: tokens(record.usage.inputTokens),
    cached_input_tokens: tokens(record.usage.cachedInputTokens),
    cache_write_tokens: tokens(record.usage.cacheWriteTokens),
    output_tokens: tokens(record.usage.outputTokens),
    reasoning_tokens: tokens(record.usage.reasoningTokens),
    usage_source: record.usageSource,
    cost_nano_usd: integer(record.costNanoUsd),
    price_version: record.priceVersion,
  };
}
