// The months of the ledger's attempts in PostgreSQL: tables of their own, made ahead, and dropped whole when their time is over.
import { type Kysely, sql, type Transaction } from "kysely";
import { StorageUnavailable } from "../ports/errors.ts";
import type { Database } from "../schema/database.ts";

/** A table of attempts that began in [fromMs, toMs). */
interface Partition {
  name: string;
  fromMs: number;
  toMs: number;
  /** PostgreSQL's estimate. */
  rows: number;
}

const monthsAhead = 2;
/** Any number that nothing else in the database uses. */
const lockId = 4_721_070_342;

/**
 * Makes the tables of this month and the next ones, as far as they are not there; what has landed in the default one is moved. One
 * process at a time; the others leave it to that one. Returns the names of those made.
 */
export async function makePartitions(db: Kysely<Database>, nowMs: number): Promise<string[]> {
  const made: string[] = [];
  for (let ahead = 0; ahead <= monthsAhead; ahead += 1) {
    const month = monthOf(nowMs, ahead);
    // Each by itself: while rows are moved, nobody else writes to the default table.
    const isMade = await db.transaction().execute(async (transaction) => {
      const { rows } = await sql<{ taken: boolean }>`select pg_try_advisory_xact_lock(${sql.lit(lockId)}) as taken`.execute(
        transaction,
      );
      if (rows[0]?.taken !== true) return false;
      const present = await partitions(transaction);
      if (present.some(({ fromMs, toMs }) => fromMs < month.toMs && toMs > month.fromMs)) return false;
      await makePartition(transaction, month);
      return true;
    });
    if (isMade) made.push(month.name);
  }
  return made;
}

/**
 * Drops the tables whose attempts all began before `timeMs`, each in a transaction of its own. Returns about how many attempts that were.
 * A table that somebody reads for longer than a few seconds stays: waiting for it would make everybody else wait.
 */
export async function dropPartitionsBefore(db: Kysely<Database>, timeMs: number): Promise<number> {
  let dropped = 0;
  for (const { name, toMs, rows } of await partitions(db)) {
    if (toMs > timeMs) continue;
    try {
      await db.transaction().execute(async (transaction) => {
        await boundWaits(transaction);
        // Another process may have been faster.
        await sql`drop table if exists ${sql.ref(name)}`.execute(transaction);
      });
      dropped += rows;
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
    }
  }
  return dropped;
}

/** Those of months, in order; not the default one. */
async function partitions(db: Kysely<Database>): Promise<Partition[]> {
  const { rows } = await sql<{ name: string; bounds: string; rows: number }>`
    select pg_class.relname as name, pg_get_expr(pg_class.relpartbound, pg_class.oid) as bounds,
      cast(greatest(pg_class.reltuples, 0) as bigint) as rows
    from pg_inherits join pg_class on pg_class.oid = pg_inherits.inhrelid
    where pg_inherits.inhparent = to_regclass('attempts')`.execute(db);
  return rows
    .flatMap(({ name, bounds, rows: count }) => {
      const [, fromMs, toMs] = /FROM \('(-?\d+)'\) TO \('(-?\d+)'\)/.exec(bounds) ?? [];
      return toMs === undefined ? [] : [{ name, fromMs: Number(fromMs), toMs: Number(toMs), rows: count }];
    })
    .sort((a, b) => a.fromMs - b.fromMs);
}

function monthOf(nowMs: number, ahead: number): Omit<Partition, "rows"> {
  const now = new Date(nowMs);
  const fromMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead);
  const toMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead + 1);
  return { name: `attempts_${new Date(fromMs).toISOString().slice(0, 7).replace("-", "_")}`, fromMs, toMs };
}

/** Not made as a partition at once: PostgreSQL refuses that while rows of it are in the default one. */
async function makePartition(transaction: Transaction<Database>, { name, fromMs, toMs }: Omit<Partition, "rows">): Promise<void> {
  await boundWaits(transaction);
  const table = sql.ref(name);
  await sql`create table ${table} (like attempts including defaults)`.execute(transaction);
  await sql`lock table attempts_default in access exclusive mode`.execute(transaction);
  await sql`with moved as (
      delete from attempts_default where started_at >= ${fromMs} and started_at < ${toMs} returning *
    ) insert into ${table} select * from moved`.execute(transaction);
  // Brings the indexes and the primary key with it.
  await sql`alter table attempts attach partition ${table} for values from (${sql.lit(fromMs)}) to (${sql.lit(toMs)})`.execute(
    transaction,
  );
}

/** Whoever waits for a lock makes all others wait who come after. */
async function boundWaits(transaction: Transaction<Database>): Promise<void> {
  await sql`set local lock_timeout = '3s'`.execute(transaction);
}
