// What an overview shows beside usage: latencies as histograms, and the last hours by the minute, from the attempts themselves.
import { type Kysely, type RawBuilder, sql } from "kysely";
import { histogramBoundMs, histogramBuckets } from "../../core/histogram.ts";
import type { LatencyCount, OverviewQuery, OverviewRepository, UsageRow } from "../ports/usage.ts";
import type { Database } from "../schema/database.ts";
import { latencyOfDays } from "./latency-of-days.ts";
import { belongsTo } from "./owned-by.ts";
import { usageSums } from "./read-usage.ts";
import { hoursOf, isPostgres, isWithin, periodOf } from "./usage-tables.ts";

const lengthMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

export function overviewRepository(db: Kysely<Database>): OverviewRepository {
  return {
    async latency({ fromMs, toMs, bucket, ownedBy }) {
      const start = startOf("hour", bucket);
      if (ownedBy === undefined) {
        const query = db.selectFrom("latency_hourly").where("hour", ">=", fromMs).where("hour", "<", toMs);
        return query
          .select([start.as("bucketMs"), "metric", "bucket", total])
          .groupBy([start, "metric", "bucket"])
          .execute() as Promise<LatencyCount[]>;
      }
      const period = await periodOf(db, { fromMs, toMs });
      const parts: Promise<LatencyCount[]>[] = [];
      let hours = period.hours;
      if (period.days !== null) {
        const ofDays = await latencyOfDays(db, period.days, bucket, ownedBy, (column) => startOf(column, bucket));
        if (ofDays === null) hours = [{ fromMs, toMs }];
        else parts.push(Promise.resolve(ofDays));
      }
      if (hours.length > 0) {
        const owned = hoursOf(db, hours, ownedBy).select(["hour as of_hour", "dims as of_dims"]);
        let query = db
          .selectFrom(owned.as("owned"))
          // SQLite would go through all latencies and look up whose they are: it takes a cross join in the order in which it is written.
          .crossJoin("usage_latency")
          .whereRef("usage_latency.hour", "=", "owned.of_hour")
          .whereRef("usage_latency.dims", "=", "owned.of_dims")
          .select([start.as("bucketMs"), "metric", "bucket", total])
          .groupBy([start, "metric", "bucket"]);
        // PostgreSQL would read the latencies of all hours to find them among.
        if (isPostgres(db)) query = query.where(isWithin("usage_latency.hour", hours));
        parts.push(query.execute() as Promise<LatencyCount[]>);
      }
      return added((await Promise.all(parts)).flat());
    },

    async attemptUsage({ bucket, ...query }) {
      const start = startOf("started_at", bucket);
      const rows = await db
        .selectFrom(
          sql`(${settledAttempts(db, query).unionAll(adjustments(db, query) as never)})`.as(
            "usage_hourly",
          ) as never as "usage_hourly",
        )
        .select(usageSums())
        .select(start.as("bucketMs"))
        .groupBy(start)
        .orderBy(start)
        .execute();
      const noDimension = { model: null, endpoint: null, keyId: null, userId: null, groupId: null };
      return rows.map((row): UsageRow => ({ ...row, ...noDimension }));
    },

    async attemptLatency({ bucket, ...query }) {
      const of = (metric: "duration" | "ttft", column: "duration_ms" | "ttft_ms") => {
        const rows = attempts(db, query).where(column, "is not", null);
        return (metric === "duration" ? rows.where("final", "=", 1) : rows).select([
          startOf("started_at", bucket).as("bucketMs"),
          sql<string>`${sql.lit(metric)}`.as("metric"),
          histogramBucketOf(column).as("bucket"),
        ]);
      };
      return db
        .selectFrom(of("duration", "duration_ms").unionAll(of("ttft", "ttft_ms")).as("latency"))
        .select(["bucketMs", "metric", "bucket", sql<number>`cast(count(*) as bigint)`.as("count")])
        .groupBy(["bucketMs", "metric", "bucket"])
        .execute() as Promise<LatencyCount[]>;
    },
  };
}

/** Counts of the same bucket, metric and time become one. */
function added(counts: readonly LatencyCount[]): LatencyCount[] {
  const byKey = new Map<string, LatencyCount>();
  for (const row of counts) {
    const key = `${row.bucketMs} ${row.metric} ${row.bucket}`;
    const present = byKey.get(key);
    if (present === undefined) byKey.set(key, row);
    else present.count += row.count;
  }
  return [...byKey.values()];
}

const total = sql<number>`cast(sum("count") as bigint)`.as("count");

/** The start of the bucket that a time falls into; null: one for all. */
function startOf(column: string, bucket: OverviewQuery["bucket"]): RawBuilder<number | null> {
  if (bucket === null) return sql`cast(null as bigint)`;
  const length = sql.lit(lengthMs[bucket]);
  return sql`${sql.ref(column)} - ${sql.ref(column)} % ${length}`;
}

function attempts(db: Kysely<Database>, { fromMs, toMs, ownedBy }: Omit<OverviewQuery, "bucket">) {
  const query = db
    .selectFrom("attempts")
    .where("started_at", ">=", fromMs)
    .where("started_at", "<", toMs)
    .where("state", "!=", sql.lit("started"));
  return ownedBy === undefined ? query : query.where(belongsTo(db, ownedBy));
}

/** As ledger/usage-roll-up.ts counts them. */
function settledAttempts(db: Kysely<Database>, query: Omit<OverviewQuery, "bucket">) {
  const lastThat = (condition: RawBuilder<unknown>) => sql<number>`case when final = 1 and (${condition}) then 1 else 0 end`;
  return attempts(db, query).select([
    "started_at",
    sql<number>`final`.as("requests"),
    sql<number>`1`.as("attempts"),
    lastThat(sql`state = 'interrupted' or error is not null or status >= 400`).as("errors"),
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_nano_usd",
    lastThat(sql`usage_source = 'estimated'`).as("estimated_requests"),
    lastThat(sql`cost_nano_usd is null and status < 400`).as("unpriced_requests"),
    lastThat(sql`state = 'interrupted'`).as("interrupted_requests"),
  ]);
}

/** As ledger/adjustment-addition.ts counts them. */
function adjustments(db: Kysely<Database>, { fromMs, toMs, ownedBy }: Omit<OverviewQuery, "bucket">) {
  const query = db.selectFrom("adjustments").where("attempt_started_at", ">=", fromMs).where("attempt_started_at", "<", toMs);
  const zero = sql<number>`0`;
  return (ownedBy === undefined ? query : query.where(belongsTo(db, ownedBy) as never)).select([
    "attempt_started_at as started_at",
    ...(["requests", "attempts", "errors", "input_tokens", "cached_input_tokens", "cache_write_tokens"] as const).map((name) =>
      zero.as(name),
    ),
    zero.as("output_tokens"),
    zero.as("reasoning_tokens"),
    "delta_nano_usd as cost_nano_usd",
    zero.as("estimated_requests"),
    "unpriced_requests",
    zero.as("interrupted_requests"),
  ]);
}

/** core/histogram.ts in SQL. */
function histogramBucketOf(column: string): RawBuilder<number> {
  const ms = sql.ref(column);
  const last = histogramBuckets - 1;
  const growth = sql.lit(Math.log(histogramBoundMs(1)));
  return sql`case when ${ms} <= 1 then 0 when ${ms} > ${sql.lit(Math.floor(histogramBoundMs(last - 1)))} then ${sql.lit(last)}
    else cast(ceil(ln(cast(${ms} as double precision)) / ${growth}) as bigint) end`;
}
