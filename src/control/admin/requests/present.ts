// A request with its attempts as the admin API shows it, from the rows of the ledger.
import type { AttemptBody, RequestBody } from "../../../api/requests.ts";
import { formatTime } from "../../../api/time.ts";
import type { AdjustmentRow, AttemptRow } from "../../../storage/ports/ledger.ts";
import { effectiveCost } from "../../ledger/effective-cost.ts";
import type { PriceFacts } from "../../prices/price-facts.ts";
import { usdOf } from "../money.ts";
import { presentCost } from "./present-cost.ts";

/** Names by id; of users and groups that are gone there are none. */
export interface RequestNames {
  keys: ReadonlyMap<string, string>;
  users: ReadonlyMap<string, string>;
  groups: ReadonlyMap<string, string>;
  /** Ids of the requests whose bodies are kept. */
  withBodies: ReadonlySet<string>;
  /** By the attempt's id, oldest first. */
  adjustments: ReadonlyMap<string, readonly AdjustmentRow[]>;
  /** By version; null: how a cost comes about is not to be shown. */
  prices: ReadonlyMap<string, PriceFacts> | null;
}

/** What a reader sees beside the model. */
export interface Shows {
  endpoints: boolean;
}

/** `attempts` in order, at least one; the last carries the request's outcome. Tokens and cost are of all of them. */
export function presentRequest(attempts: readonly AttemptRow[], names: RequestNames, shows: Shows): RequestBody {
  const last = attempts.findLast((attempt) => attempt.final === 1) ?? (attempts.at(-1) as AttemptRow);
  const costs = attempts.flatMap((attempt) => effectiveCost(attempt, names.adjustments.get(attempt.id) ?? []) ?? []);
  return {
    id: last.request_id,
    started_at: formatTime(last.request_started_at),
    duration_ms: last.settled_at === null ? null : last.settled_at - last.request_started_at,
    ttft_ms: last.ttft_ms === null ? null : last.started_at - last.request_started_at + last.ttft_ms,
    status: last.status,
    error: last.error,
    state: presentState(last.state),
    model: last.model === "" ? null : last.model,
    endpoint: shows.endpoints ? last.endpoint : null,
    key: last.key_id,
    key_name: names.keys.get(last.key_id ?? "") ?? null,
    user: last.user_id,
    user_name: names.users.get(last.user_id ?? "") ?? null,
    group: last.group_id,
    group_name: names.groups.get(last.group_id) ?? null,
    method: last.method,
    path: last.path,
    stream: last.stream === 1,
    tokens: presentTokens(attempts),
    usage_source: attempts.some((attempt) => attempt.usage_source === "estimated") ? "estimated" : "measured",
    cost_usd: costs.length === 0 ? null : usdOf(costs.reduce((sum, cost) => sum + cost, 0)),
    bodies_kept: names.withBodies.has(last.request_id),
    attempts: attempts.map((attempt) => presentAttempt(attempt, names, shows)),
  };
}

function presentAttempt(row: AttemptRow, names: RequestNames, shows: Shows): AttemptBody {
  const adjustments = names.adjustments.get(row.id) ?? [];
  const cost = usdOf(effectiveCost(row, adjustments));
  return {
    id: row.id,
    deployment: shows.endpoints ? row.deployment_id : null,
    endpoint: shows.endpoints ? row.endpoint : null,
    upstream_model: shows.endpoints ? row.upstream_model : null,
    why: row.why,
    started_at: formatTime(row.started_at),
    status: row.status,
    error: row.error,
    ttft_ms: row.ttft_ms,
    duration_ms: row.duration_ms,
    state: presentState(row.state),
    tokens: presentTokens([row]),
    usage_source: row.usage_source === "measured" ? "measured" : "estimated",
    cost_usd: cost,
    cost,
    ...(names.prices !== null && presentCost(row, names.prices, shows)),
    adjustments: adjustments.map(({ at, delta_nano_usd: delta, price_version, reason }) => {
      return { at: formatTime(at), usd: delta / 1e9, price_version, reason };
    }),
  };
}

function presentState(state: string): RequestBody["state"] {
  if (state === "settled") return "settled";
  return state === "interrupted" ? "interrupted" : "in_progress";
}

function presentTokens(rows: readonly AttemptRow[]): RequestBody["tokens"] {
  const sum = (column: (row: AttemptRow) => number): number => rows.reduce((total, row) => total + column(row), 0);
  return {
    input_tokens: sum((row) => row.input_tokens),
    cached_input_tokens: sum((row) => row.cached_input_tokens),
    cache_write_tokens: sum((row) => row.cache_write_tokens),
    output_tokens: sum((row) => row.output_tokens + row.reasoning_tokens),
    reasoning_tokens: sum((row) => row.reasoning_tokens),
  };
}
