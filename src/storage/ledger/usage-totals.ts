// Latencies of all dimensions together.
import type { LatencyHourlyTable, UsageLatencyTable } from "../schema/usage.ts";

/** By hour, metric and bucket. */
export function latencyTotals(latency: readonly UsageLatencyTable[]): LatencyHourlyTable[] {
  const byKey = new Map<string, LatencyHourlyTable>();
  for (const { hour, metric, bucket, count } of latency) {
    const key = `${hour} ${metric} ${bucket}`;
    const present = byKey.get(key);
    if (present === undefined) byKey.set(key, { hour, metric, bucket, count });
    else present.count += count;
  }
  return [...byKey.values()]
    .filter(({ count }) => count !== 0)
    .sort((a, b) => a.hour - b.hour || (a.metric < b.metric ? -1 : a.metric > b.metric ? 1 : a.bucket - b.bucket));
}
