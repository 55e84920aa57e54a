// Sums and histograms as the figures of an overview.
import type { OverviewFigures } from "../../../api/overview.ts";
import { histogramQuantileMs } from "../../../core/histogram.ts";
import type { LatencyCount, UsageRow } from "../../../storage/ports/usage.ts";
import { costOf } from "../usage/present.ts";

const sums = [
  "requests",
  "errors",
  "inputTokens",
  "cachedInputTokens",
  "outputTokens",
  "reasoningTokens",
  "costNanoUsd",
  "estimatedRequests",
  "unpricedRequests",
] as const;
type Sums = Record<(typeof sums)[number], number>;

/** All of the rows and all of the latencies together. */
export function figuresOf(rows: readonly UsageRow[], latency: readonly LatencyCount[]): OverviewFigures {
  const total = Object.fromEntries(sums.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0)])) as Sums;
  const duration = histogramOf(latency, "duration");
  const ttft = histogramOf(latency, "ttft");
  return {
    requests: total.requests,
    errors: total.errors,
    input_tokens: total.inputTokens,
    cached_input_tokens: total.cachedInputTokens,
    output_tokens: total.outputTokens + total.reasoningTokens,
    cost_usd: rows.length === 0 ? null : costOf(total),
    estimated_requests: total.estimatedRequests,
    p50_ms: quantile(duration, 0.5),
    p95_ms: quantile(duration, 0.95),
    ttft_p50_ms: quantile(ttft, 0.5),
    ttft_p95_ms: quantile(ttft, 0.95),
  };
}

function histogramOf(latency: readonly LatencyCount[], metric: LatencyCount["metric"]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const row of latency) {
    if (row.metric === metric) counts.set(row.bucket, (counts.get(row.bucket) ?? 0) + row.count);
  }
  return counts;
}

/** To a tenth of a millisecond. */
function quantile(counts: ReadonlyMap<number, number>, part: number): number | null {
  const ms = histogramQuantileMs(counts, part);
  return ms === null ? null : Math.round(ms * 10) / 10;
}
