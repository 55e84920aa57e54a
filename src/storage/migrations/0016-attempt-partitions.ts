// PostgreSQL: attempts by UTC month, so that retention drops tables instead of deleting rows. SQLite stays as it is.
import { type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

/** Beyond so many months, old rows go to the default partition: clocks that were wrong may have left a row in any year. */
const oldMonthsMax = 60;
const monthsAhead = 2;

/** Rows, indexes and the primary key are carried over as they are. */
export async function attemptPartitions(db: Kysely<unknown>, { engine, nowMs }: MigrationContext): Promise<void> {
  if (engine !== "postgres") return;
  const indexes = await sql<{ name: string; definition: string }>`
    select indexname as name, indexdef as definition from pg_indexes
    where schemaname = current_schema() and tablename = 'attempts' and indexname <> 'attempt_id' order by 1`.execute(db);
  for (const { name } of indexes.rows) await sql`drop index ${sql.ref(name)}`.execute(db);
  await sql`alter table attempts rename to attempts_before`.execute(db);
  await sql`alter table attempts_before drop constraint attempt_id`.execute(db);
  await sql`create table attempts (like attempts_before including defaults) partition by range (started_at)`.execute(db);
  await sql`create table attempts_default partition of attempts default`.execute(db);
  const { rows } = await sql<{ month: string }>`
    select distinct to_char(to_timestamp(started_at / 1000) at time zone 'UTC', 'YYYY-MM') as month
    from attempts_before where started_at between 0 and 253402300799999 order by 1 desc limit ${oldMonthsMax}`.execute(db);
  const now = new Date(nowMs);
  const coming = Array.from({ length: monthsAhead + 1 }, (_, index) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + index)).toISOString().slice(0, 7),
  );
  for (const month of new Set([...coming, ...rows.map((row) => row.month)])) {
    const start = new Date(`${month}-01T00:00:00Z`);
    const end = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1);
    await sql`create table ${sql.ref(`attempts_${month.replace("-", "_")}`)} partition of attempts
      for values from (${sql.lit(start.getTime())}) to (${sql.lit(end)})`.execute(db);
  }
  await sql`insert into attempts select * from attempts_before`.execute(db);
  await sql`drop table attempts_before`.execute(db);
  await sql`alter table attempts add constraint attempt_id primary key (started_at, id)`.execute(db);
  for (const { definition } of indexes.rows) await sql`${sql.raw(definition)}`.execute(db);
  await sql`analyze attempts`.execute(db);
}
