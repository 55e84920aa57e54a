// What adjustments change in the roll-ups: the cost of the hour and dimensions of their attempts, and how many requests have no price.
import type { AdjustmentRow } from "../ports/ledger.ts";
import type { UsageHourlyTable } from "../schema/usage.ts";
import { daysOf, inOrder, noSums, type UsageAddition } from "./usage-roll-up.ts";

const hourMs = 3_600_000;

/** No latencies, and no requests: those are counted. */
export function adjustmentAddition(rows: readonly AdjustmentRow[]): UsageAddition {
  const byKey = new Map<string, UsageHourlyTable>();
  for (const row of rows) {
    const sums = noSums(row.attempt_started_at - (row.attempt_started_at % hourMs), row);
    const key = `${sums.hour} ${sums.dims}`;
    const present = byKey.get(key) ?? sums;
    present.cost_nano_usd += row.delta_nano_usd;
    present.unpriced_requests += row.unpriced_requests;
    byKey.set(key, present);
  }
  const hourly = inOrder([...byKey.values()]);
  return { hourly, latency: [], days: daysOf(hourly), latencyTotals: [] };
}
