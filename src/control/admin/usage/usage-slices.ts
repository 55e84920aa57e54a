// A usage report read piece by piece in time, so that however long its range is, few rows are in memory, and few questions are asked.
import type { LedgerRepository } from "../../../storage/ports/ledger.ts";
import type { UsageQuery, UsageRow } from "../../../storage/ports/usage.ts";

const dayMs = 86_400_000;
/** Hours and days go by whole days; how many at a time follows from how many rows the last ones had. */
const mostDays = 64;
const fewRows = 500;
const manyRows = 5000;

export interface UsageSlice {
  rows: UsageRow[];
  /** How much of the range has been read, from 0 to 1. */
  progress: number;
}

/** In the order of the report; at least one. What lies before and after all usage that there is takes no time. */
export async function* usageSlices(
  ledger: Pick<LedgerRepository, "usage" | "usageSpan">,
  query: UsageQuery,
): AsyncGenerator<UsageSlice, void, void> {
  // Without buckets every row is a sum over all of the range.
  if (query.bucket === null) return yield { rows: await ledger.usage(query), progress: 1 };
  const span = (await ledger.usageSpan()) ?? { fromMs: query.toMs, toMs: query.toMs };
  const from = Math.max(query.fromMs, startOfDay(span.fromMs));
  const to = Math.min(query.toMs, span.toMs);
  if (from >= to) return yield { rows: [], progress: 1 };
  for (let fromMs = from, days = 1; fromMs < to; ) {
    const toMs = Math.min(to, startOfDay(fromMs) + days * dayMs);
    const rows = await ledger.usage({ ...query, fromMs, toMs });
    yield { rows, progress: (toMs - from) / (to - from) };
    if (rows.length < fewRows) days = Math.min(mostDays, days * 2);
    else if (rows.length > manyRows) days = Math.max(1, Math.floor(days / 2));
    fromMs = toMs;
  }
}

function startOfDay(timeMs: number): number {
  return Math.floor(timeMs / dayMs) * dayMs;
}
