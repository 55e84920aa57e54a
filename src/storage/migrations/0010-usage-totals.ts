// Usage by the day and one dimension, latencies by the day and whose they are, and all latencies by the hour: few rows for weeks.
import { type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

const sums = [
  "requests",
  "attempts",
  "errors",
  "input_tokens",
  "cached_input_tokens",
  "cache_write_tokens",
  "output_tokens",
  "reasoning_tokens",
  "cost_nano_usd",
  "estimated_requests",
  "unpriced_requests",
  "interrupted_requests",
];

/** See schema.ts for what the columns mean. */
export async function usageTotals(db: Kysely<unknown>, { engine }: MigrationContext): Promise<void> {
  const text = engine === "postgres" ? sql`text collate "C"` : sql`text`;
  const integer = sql`bigint`;

  let daily = db.schema
    .createTable("usage_daily")
    .addColumn("day", integer, (column) => column.notNull())
    .addColumn("dimension", text, (column) => column.notNull())
    .addColumn("value", text, (column) => column.notNull())
    .addColumn("payer", text, (column) => column.notNull());
  for (const name of sums) daily = daily.addColumn(name, integer, (column) => column.notNull().defaultTo(0));
  // In the order in which a report by one dimension is summed: SQLite would sort its rows otherwise.
  await daily
    .addPrimaryKeyConstraint("usage_daily_id", ["dimension", "value", "day", "payer"])
    .modifyEnd(engine === "sqlite" ? sql`without rowid` : sql``)
    .execute();
  await db.schema
    .createTable("latency_hourly")
    .addColumn("hour", integer, (column) => column.notNull())
    .addColumn("metric", text, (column) => column.notNull())
    .addColumn("bucket", integer, (column) => column.notNull())
    .addColumn("count", integer, (column) => column.notNull().defaultTo(0))
    .addPrimaryKeyConstraint("latency_hourly_id", ["hour", "metric", "bucket"])
    .modifyEnd(engine === "sqlite" ? sql`without rowid` : sql``)
    .execute();

  await sql`create index usage_by_payer on usage_daily (payer, day) where payer <> ''`.execute(db);
  // In the order in which latencies are summed, whoever's they are.
  await db.schema
    .createTable("latency_daily")
    .addColumn("day", integer, (column) => column.notNull())
    .addColumn("metric", text, (column) => column.notNull())
    .addColumn("bucket", integer, (column) => column.notNull())
    .addColumn("user_id", text, (column) => column.notNull())
    .addColumn("group_id", text, (column) => column.notNull())
    .addColumn("count", integer, (column) => column.notNull().defaultTo(0))
    .addPrimaryKeyConstraint("latency_daily_id", ["day", "metric", "bucket", "user_id", "group_id"])
    .modifyEnd(engine === "sqlite" ? sql`without rowid` : sql``)
    .execute();
  await db.schema
    .createTable("usage_changed_days")
    .addColumn("day", integer, (column) => column.notNull().primaryKey())
    .execute();

  // What somebody sees who sees their own, or their groups', alone.
  await db.schema.createIndex("usage_by_user").on("usage_hourly").columns(["user_id", "hour"]).execute();
  await db.schema.createIndex("usage_by_group").on("usage_hourly").columns(["group_id", "hour"]).execute();

  // All else is summed from these hours later, day by day (repositories/sum-days.ts).
  await sql`insert into usage_changed_days (day) select distinct "hour" - "hour" % 86400000 from usage_hourly`.execute(db);
  await sql`insert into latency_hourly ("hour", metric, bucket, "count")
    select "hour", metric, bucket, cast(sum("count") as bigint) from usage_latency group by 1, 2, 3`.execute(db);
}
