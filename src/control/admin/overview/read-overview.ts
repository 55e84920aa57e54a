// An overview's figures: those of the period, bucket by bucket, and those of the period before it.
import type { OverviewBody } from "../../../api/overview.ts";
import { formatTime } from "../../../api/time.ts";
import type { OwnedBy } from "../../../storage/ports/owned-by.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import type { LatencyCount, UsageRow } from "../../../storage/ports/usage.ts";
import { figuresOf } from "./figures.ts";
import { bucketsOf, type Period } from "./period.ts";

type Figures = Omit<OverviewBody, "unhealthy">;

export async function readOverview(database: Repositories, period: Period, ownedBy: OwnedBy | undefined): Promise<Figures> {
  const { fromMs, toMs, bucket } = period;
  const before = { fromMs: fromMs - (toMs - fromMs), toMs: fromMs };
  const [now, earlier] = await Promise.all([
    read(database, { ...period, ownedBy }, true),
    read(database, { ...before, bucket, ownedBy }, false),
  ]);
  const rows = byBucket(now.rows);
  const latency = byBucket(now.latency);
  return {
    from: formatTime(fromMs),
    to: formatTime(toMs),
    bucket,
    totals: figuresOf(now.rows, now.latency),
    previous: figuresOf(earlier.rows, earlier.latency),
    series: bucketsOf(period).map((startMs) => ({
      bucket: formatTime(startMs),
      ...figuresOf(rows.get(startMs) ?? [], latency.get(startMs) ?? []),
    })),
  };
}

/** Minutes from the attempts, all else from the roll-ups. */
async function read(
  { ledger, overview }: Repositories,
  { bucket, ...range }: Period & { ownedBy: OwnedBy | undefined },
  inBuckets: boolean,
): Promise<{ rows: UsageRow[]; latency: LatencyCount[] }> {
  if (bucket === "minute") {
    const query = { ...range, bucket: inBuckets ? bucket : null };
    const [rows, latency] = await Promise.all([overview.attemptUsage(query), overview.attemptLatency(query)]);
    return { rows, latency };
  }
  const query = { ...range, bucket: inBuckets ? bucket : null };
  const [rows, latency] = await Promise.all([ledger.usage({ ...query, groupBy: [] }), overview.latency(query)]);
  return { rows, latency };
}

function byBucket<Row extends { bucketMs: number | null }>(rows: readonly Row[]): Map<number, Row[]> {
  const byStart = new Map<number, Row[]>();
  for (const row of rows) {
    const present = byStart.get(row.bucketMs ?? 0);
    if (present === undefined) byStart.set(row.bucketMs ?? 0, [row]);
    else present.push(row);
  }
  return byStart;
}
