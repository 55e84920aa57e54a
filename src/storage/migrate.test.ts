// Processes that start together bring a PostgreSQL database up to date one after the other, however long one takes.
import { sql } from "kysely";
import { expect, test } from "vitest";
import { createPostgresDatabase } from "../../test/support/database.ts";
import { eventually } from "../../test/support/eventually.ts";
import { migrate } from "./migrate.ts";
import type { Migration } from "./migrations/migration.ts";
import { StorageUnavailable } from "./ports/errors.ts";
import { postgresDatabase } from "./postgres.ts";

const lockTimeoutMs = 150;

test("one waits for another's long migration, but not for somebody who reads a table that it changes", async () => {
  const { url, drop } = await createPostgresDatabase();
  const [one, other] = [postgresDatabase({ connectionString: url, max: 2 }), postgresDatabase({ connectionString: url, max: 2 })];
  try {
    let runs = 0;
    const make: Migration = {
      name: "0001-make",
      async up(db) {
        runs++;
        await sql`create table things (id text)`.execute(db);
        await sql`select pg_sleep(${sql.lit((lockTimeoutMs * 4) / 1000)})`.execute(db);
      },
    };
    const change: Migration = {
      name: "0002-change",
      up: async (db) => void (await sql`alter table things add more text`.execute(db)),
    };
    await Promise.all([one, other].map((db) => migrate(db, "postgres", [make], { lockTimeoutMs })));
    expect(runs).toBe(1);
    await one.transaction().execute(async (reader) => {
      await sql`select * from things`.execute(reader);
      await expect(migrate(other, "postgres", [make, change], { lockTimeoutMs })).rejects.toThrow(StorageUnavailable);
    });
    await eventually(() =>
      migrate(other, "postgres", [make, change], { lockTimeoutMs }).then(
        () => true,
        (error: unknown) => {
          if (error instanceof StorageUnavailable) return false;
          throw error;
        },
      ),
    );
  } finally {
    await one.destroy();
    await other.destroy();
    await drop();
  }
});
