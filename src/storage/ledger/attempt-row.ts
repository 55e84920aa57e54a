// Ledger records as rows. A row must always fit the database: a record that can't be stored would block all that follow it.
import { tokenDetailsColumnOf } from "../../core/token-details.ts";
import type { LedgerRecord } from "../../domain/ledger-record.ts";
import type { ColumnType } from "../json-rows.ts";
import type { AttemptRow } from "../ports/ledger.ts";

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
  token_details: "text",
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
  const settled = record.event === "settled" ? record : null;
  // In the table's order, and in one piece: ingest takes thousands of these a second, and their values as they lie.
  return {
    started_at: Math.round(record.startedAtMs),
    id: record.id,
    request_id: record.requestId,
    attempt_no: record.attemptNo,
    process_id: record.processId,
    request_started_at: Math.round(record.requestStartedAtMs),
    state: settled === null ? "started" : "settled",
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
    settled_at: settled === null ? null : integer(settled.settledAtMs),
    status: settled === null ? null : integer(settled.status),
    error: settled === null ? null : settled.error,
    final: settled === null || settled.final ? 1 : 0,
    ttft_ms: settled === null ? null : integer(settled.ttftMs),
    duration_ms: settled === null ? null : integer(settled.durationMs),
    input_tokens: tokens(settled === null ? record.inputTokensEstimate : settled.usage.inputTokens),
    cached_input_tokens: settled === null ? 0 : tokens(settled.usage.cachedInputTokens),
    cache_write_tokens: settled === null ? 0 : tokens(settled.usage.cacheWriteTokens),
    output_tokens: settled === null ? 0 : tokens(settled.usage.outputTokens),
    reasoning_tokens: settled === null ? 0 : tokens(settled.usage.reasoningTokens),
    usage_source: settled === null ? "estimated" : settled.usageSource,
    // In lines of older versions both may be missing.
    cost_nano_usd: integer((settled === null ? record.costEstimateNanoUsd : settled.costNanoUsd) ?? null),
    price_version: record.priceVersion ?? null,
    token_details: settled === null ? null : tokenDetailsColumnOf(settled.usage.details),
  };
}
