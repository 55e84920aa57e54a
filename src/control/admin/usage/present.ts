// A row of a usage report as the admin API shows it.
import { formatTime } from "../../../api/time.ts";
import type { UsageDimension, UsageRowBody } from "../../../api/usage.ts";
import type { UsageRow } from "../../../storage/ports/usage.ts";
import { usdOf } from "../money.ts";

/** Names by id, for the dimensions that are ids. */
export interface UsageNames {
  keys: ReadonlyMap<string, string>;
  users: ReadonlyMap<string, string>;
  groups: ReadonlyMap<string, string>;
}

export function presentUsage(row: UsageRow, groupBy: readonly UsageDimension[], names: UsageNames): UsageRowBody {
  const dimensions: Partial<UsageRowBody> = {};
  if (row.bucketMs !== null) dimensions.bucket = formatTime(row.bucketMs);
  for (const dimension of groupBy) Object.assign(dimensions, presentDimension(row, dimension, names));
  return {
    ...dimensions,
    requests: row.requests,
    errors: row.errors,
    input_tokens: row.inputTokens,
    cached_input_tokens: row.cachedInputTokens,
    cache_write_tokens: row.cacheWriteTokens,
    output_tokens: row.outputTokens + row.reasoningTokens,
    reasoning_tokens: row.reasoningTokens,
    cost_usd: costOf(row),
    estimated_requests: row.estimatedRequests,
    unpriced_requests: row.unpricedRequests,
    interrupted_requests: row.interruptedRequests,
  };
}

/** Dollars. A sum of 0 is a cost only when some request in it had a price, which may have been 0; failed ones need none. */
export function costOf(sums: Pick<UsageRow, "costNanoUsd" | "unpricedRequests" | "requests" | "errors">): number | null {
  const isPriced = sums.costNanoUsd > 0 || sums.unpricedRequests < sums.requests - sums.errors;
  return isPriced ? usdOf(sums.costNanoUsd) : null;
}

function presentDimension(row: UsageRow, dimension: UsageDimension, names: UsageNames): Partial<UsageRowBody> {
  switch (dimension) {
    case "model":
      return { model: textOrNull(row.model) };
    case "endpoint":
      return { endpoint: textOrNull(row.endpoint) };
    case "key":
      return { key: textOrNull(row.keyId), key_name: nameOf(row.keyId, names.keys) };
    case "user":
      return { user: textOrNull(row.userId), user_name: nameOf(row.userId, names.users) };
    case "group":
      return { group: textOrNull(row.groupId), group_name: nameOf(row.groupId, names.groups) };
  }
}

/** Null too for users and groups that are gone. */
function nameOf(id: string | null, names: ReadonlyMap<string, string>): string | null {
  return names.get(id ?? "") ?? null;
}

/** Roll-ups hold "" where an attempt had none. */
function textOrNull(text: string | null): string | null {
  return text === "" ? null : text;
}
