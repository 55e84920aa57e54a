// Sums whole days of the roll-ups of hours: once a day costs calls nothing, where adding to the sums with every call would.
import { type Kysely, sql, type Transaction } from "kysely";
import { inTransaction } from "../in-transaction.ts";
import { sumColumns } from "../ledger/usage-statements.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";

const dayMs = 86_400_000;
const columnOf = { model: "model", endpoint: "endpoint", key: "key_id", user: "user_id", group: "group_id" } as const;
const sums = Object.keys(sumColumns);

/** See LedgerRepository.sumDays. Each day in a transaction of its own, so that nobody who writes waits for long. */
export async function sumDays(db: Kysely<Database>, engine: Engine, nowMs: number): Promise<number> {
  const changed = db
    .selectFrom("usage_changed_days")
    .select("day")
    .where("day", "<=", nowMs - dayMs);
  const days = await changed.orderBy("day").execute();
  for (const { day } of days) await inTransaction(db, (transaction) => sumDay(transaction, engine, day));
  return days.length;
}

/** Usage of hours is never deleted, so what was there when the day was summed before is overwritten. */
async function sumDay(db: Transaction<Database>, engine: Engine, day: number): Promise<void> {
  // Whoever has added to hours of the day but not committed it yet has a lock on this table, and is waited for; who adds later marks
  // the day again. SQLite has one writer at a time.
  if (engine === "postgres") await sql`lock table usage_changed_days in share row exclusive mode`.execute(db);
  await db.deleteFrom("usage_changed_days").where("day", "=", day).execute();
  const hours = sql`usage_hourly.hour >= ${day} and usage_hourly.hour < ${day + dayMs}`;
  const columns = sql.join(sums.map((name) => sql.ref(name)));
  const summed = sql.join(sums.map((name) => sql`cast(sum(${sql.ref(name)}) as bigint)`));
  const replaced = sql.join(sums.map((name) => sql`${sql.ref(name)} = excluded.${sql.ref(name)}`));
  for (const [dimension, column] of Object.entries(columnOf)) {
    const payer = dimension === "user" ? sql`group_id` : sql`''`;
    await sql`insert into usage_daily (day, dimension, value, payer, ${columns})
      select cast(${day} as bigint), ${sql.lit(dimension)}, ${sql.ref(column)}, ${payer}, ${summed}
      from usage_hourly where ${hours} group by 3, 4
      on conflict (dimension, value, day, payer) do update set ${replaced}`.execute(db);
  }
  await sql`insert into latency_daily (day, metric, bucket, user_id, group_id, "count")
    select cast(${day} as bigint), metric, bucket, user_id, group_id, cast(sum("count") as bigint)
    from usage_hourly cross join usage_latency
    where usage_latency.hour = usage_hourly.hour and usage_latency.dims = usage_hourly.dims and ${hours} group by 2, 3, 4, 5
    on conflict (day, metric, bucket, user_id, group_id) do update set "count" = excluded."count"`.execute(db);
  const counts =
    engine === "postgres" ? sql`cast(json_object_agg(bucket, total) as text)` : sql`json_group_object(bucket, total)`;
  await sql`insert into latency_paid (group_id, hour, metric, counts)
    select group_id, of_hour, metric, ${counts} from (
      select usage_hourly.group_id, usage_hourly.hour as of_hour, metric, bucket, cast(sum("count") as bigint) as total
      from usage_hourly cross join usage_latency
      where usage_latency.hour = usage_hourly.hour and usage_latency.dims = usage_hourly.dims and ${hours} group by 1, 2, 3, 4
    ) as summed group by group_id, of_hour, metric
    on conflict (group_id, hour, metric) do update set counts = excluded.counts`.execute(db);
}
