// Brings a database to the newest tables, one migration after the other, safely beside other starting processes.
import { type Kysely, sql } from "kysely";
import { migrations } from "./migrations/index.ts";
import type { Migration } from "./migrations/migration.ts";
import type { Engine } from "./ports/storage.ts";
import type { Database } from "./schema/database.ts";

interface MigrationTable {
  schema_migrations: { name: string; applied_at: number };
}

/** The database was last used by a newer version of the program: running this one could damage it. */
export class DatabaseTooNew extends Error {
  constructor(unknown: readonly string[]) {
    super(
      `The database has migrations that this version of Headgate doesn't know: ${unknown.join(", ")}. ` +
        "Run the newer version, or restore a backup made by this one.",
    );
    this.name = "DatabaseTooNew";
  }
}

/**
 * Applies what is missing of `list`, each migration in a transaction of its own that first takes the engine's migration
 * lock: two processes that start at once apply everything once, and one waits for as long as the other takes. For tables that somebody
 * uses it waits `lockTimeoutMs` at most, since whoever comes later waits behind it; then it throws StorageUnavailable. Throws DatabaseTooNew and changes nothing when the database has a
 * migration that is not in the list.
 */
export async function migrate(
  db: Kysely<Database>,
  engine: Engine,
  list: readonly Migration[] = migrations,
  { lockTimeoutMs = 60_000 } = {},
): Promise<void> {
  const known = new Set(list.map((migration) => migration.name));
  for (;;) {
    const applied = await (db as unknown as Kysely<MigrationTable>).transaction().execute(async (transaction) => {
      await takeMigrationLock(transaction, engine, lockTimeoutMs);
      await sql`create table if not exists schema_migrations (name text primary key not null, applied_at bigint not null)`.execute(
        transaction,
      );
      const rows = await transaction.selectFrom("schema_migrations").select("name").orderBy("name").execute();
      const names = rows.map((row) => row.name);
      const unknown = names.filter((name) => !known.has(name));
      if (unknown.length > 0) throw new DatabaseTooNew(unknown);
      const next = list.find((migration) => !names.includes(migration.name));
      if (next === undefined) return null;
      const nowMs = Date.now();
      await next.up(transaction as unknown as Kysely<unknown>, { engine, nowMs });
      await transaction.insertInto("schema_migrations").values({ name: next.name, applied_at: nowMs }).execute();
      return next.name;
    });
    if (applied === null) return;
  }
}

/** The names in `list` that the database does not have yet, in order. Throws DatabaseTooNew. */
export async function pendingMigrations(
  db: Kysely<Database>,
  engine: Engine,
  list: readonly Migration[] = migrations,
): Promise<string[]> {
  const lookUp =
    engine === "sqlite"
      ? sql<{ name: string | null }>`select name from sqlite_schema where name = 'schema_migrations'`
      : sql<{ name: string | null }>`select to_regclass('schema_migrations')::text as name`;
  const names = list.map((migration) => migration.name);
  const [table] = (await lookUp.execute(db)).rows;
  if (!table?.name) return names;
  const rows = await (db as unknown as Kysely<MigrationTable>)
    .selectFrom("schema_migrations")
    .select("name")
    .orderBy("name")
    .execute();
  const applied = new Set(rows.map((row) => row.name));
  const unknown = [...applied].filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new DatabaseTooNew(unknown);
  return names.filter((name) => !applied.has(name));
}

/** SQLite's transactions begin with the write lock already. */
async function takeMigrationLock(transaction: Kysely<MigrationTable>, engine: Engine, lockTimeoutMs: number): Promise<void> {
  if (engine === "sqlite") return;
  const lockId = 4_721_070_341; // any number that nothing else in the database uses
  // However long it takes: another process may be copying a large ledger.
  await sql`set local lock_timeout = 0`.execute(transaction);
  await sql`select pg_advisory_xact_lock(${sql.lit(lockId)})`.execute(transaction);
  await sql`set local lock_timeout = ${sql.lit(lockTimeoutMs)}`.execute(transaction);
}
