// Sums of the ledger: usage and latencies, by what is asked.
import type { OwnedBy } from "./owned-by.ts";

export interface UsageQuery {
  /** Inclusive, exclusive; ms at whole hours. */
  fromMs: number;
  toMs: number;
  groupBy: readonly ("model" | "endpoint" | "key" | "user" | "group")[];
  bucket: "hour" | "day" | null;
  ownedBy?: OwnedBy | undefined;
  /** Only so many rows: those with the most requests, in that order. Undefined: all, by bucket and what they are grouped by. */
  limit?: number | undefined;
  /** Only of these: names of the model and the endpoint, ids of the others. */
  filter?: Partial<Record<"model" | "endpoint" | "key" | "user" | "group", string | undefined>> | undefined;
}

/** Sums of hourly roll-ups. Dimensions that were not asked for are null; `bucketMs` is the start of the hour or UTC day. */
export interface UsageRow {
  bucketMs: number | null;
  model: string | null;
  endpoint: string | null;
  keyId: string | null;
  userId: string | null;
  groupId: string | null;
  requests: number;
  attempts: number;
  errors: number;
  inputTokens: number;
  cachedInputTokens: number;
  cacheWriteTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  costNanoUsd: number;
  estimatedRequests: number;
  unpricedRequests: number;
  interruptedRequests: number;
}

export interface UpstreamUsageQuery {
  /** Inclusive, exclusive; ms. */
  fromMs: number;
  toMs: number;
  /** By its name at the time. */
  endpoint?: string | undefined;
}

/** Of a UTC day and a provider's model; classes as in TokenUsage, cost with adjustments. */
export interface UpstreamUsageRow {
  dayMs: number;
  upstreamModel: string;
  /** Those that a provider counts as requests: without what it refused, and what never reached it. */
  attempts: number;
  inputTokens: number;
  cachedInputTokens: number;
  cacheWriteTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  costNanoUsd: number;
}

export interface OverviewQuery {
  /** Inclusive, exclusive; ms. */
  fromMs: number;
  toMs: number;
  /** Null: all in one, if there is anything. */
  bucket: "minute" | "hour" | "day" | null;
  ownedBy?: OwnedBy | undefined;
}

/** How many took as long as a bucket of core/histogram.ts says, of those that began at `bucketMs` or soon after it. */
export interface LatencyCount {
  bucketMs: number | null;
  metric: "duration" | "ttft";
  bucket: number;
  count: number;
}

export interface OverviewRepository {
  /** From the roll-ups: whole hours, and no minutes. In no order. */
  latency(query: OverviewQuery): Promise<LatencyCount[]>;
  /** What LedgerRepository.usage would say, from the attempts that are still there. By time. */
  attemptUsage(query: OverviewQuery): Promise<UsageRow[]>;
  /** What `latency` would say, from the attempts that are still there. */
  attemptLatency(query: OverviewQuery): Promise<LatencyCount[]>;
}
