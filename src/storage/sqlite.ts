// Storage in one SQLite file.
import { open, rm } from "node:fs/promises";
import { type Kysely, SqliteAdapter, SqliteQueryCompiler } from "kysely";
import { databaseStorage, kyselyOver } from "./database-storage.ts";
import { migrate } from "./migrate.ts";
import type { Storage } from "./ports/storage.ts";
import type { Database } from "./schema/database.ts";
import { SqliteClient, type SqliteRunner } from "./sqlite-client.ts";
import { SqliteDriver } from "./sqlite-driver.ts";

export interface SqliteOptions {
  /** The database file; made when absent, its folder must exist. */
  path: string;
  /** How long to wait for a lock that another process holds. */
  busyTimeoutMs?: number;
  /** Longest wait for one statement, its turn in the worker included. */
  statementTimeoutMs?: number;
}

/** Opens nothing yet: the file is opened, in a worker thread, by the first statement, and again after the worker was lost. */
export async function openSqlite(options: SqliteOptions): Promise<Storage> {
  const { path, busyTimeoutMs = 2000, statementTimeoutMs = 60_000 } = options;
  return sqliteStorage(new SqliteClient({ path, busyTimeoutMs, statementTimeoutMs }), path);
}

/** The tables themselves, through the client's worker. */
export function sqliteDatabase(client: SqliteRunner): Kysely<Database> {
  return kyselyOver(new SqliteDriver(client), new SqliteAdapter(), new SqliteQueryCompiler());
}

export function sqliteStorage(client: SqliteRunner, path: string): Storage {
  const db = sqliteDatabase(client);
  return databaseStorage({
    engine: "sqlite",
    db,
    migrate: () => migrate(db, "sqlite"),
    backup: (target) => backup(path, target),
    async ping() {
      await client.run("reader", "select count(*) from sqlite_schema"); // "select 1" would not touch the file
    },
    async close() {
      await db.destroy();
      await client.close(); // Kysely leaves a driver alone that it never used
    },
  });
}

/** In a worker of its own: copying a large database must not hold up the ledger. */
async function backup(path: string, target: string): Promise<void> {
  // It holds digests and ciphertexts: for the owner's eyes only, and never over an existing file.
  await (await open(target, "wx", 0o600)).close();
  const client = new SqliteClient({ path, busyTimeoutMs: 10_000, statementTimeoutMs: 3_600_000 });
  try {
    await client.run("reader", "vacuum into ?", [target]);
  } catch (error) {
    // Half a copy is none, and must not pass for one.
    await rm(target, { force: true });
    throw error;
  } finally {
    await client.close();
  }
}
