// Databases for tests: SQLite files in a temporary folder, PostgreSQL databases on the run's server.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Engine, Storage } from "../../src/storage/ports/storage.ts";

/** A folder of its own under the system's temporary one. */
export async function temporaryDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "headgate-test-"));
  // A process of the test that is just ending may still write there.
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }) };
}

/**
 * An empty database on the server named by HEADGATE_TEST_POSTGRES_URL (test/support/global-setup.ts starts one when the variable
 * is unset). It sorts text as people do, as many real ones are set up to, so that a missing `collate "C"` shows.
 */
export async function createPostgresDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = process.env.HEADGATE_TEST_POSTGRES_URL;
  if (server === undefined)
    throw new Error("HEADGATE_TEST_POSTGRES_URL is unset: does vitest.config.ts name test/support/global-setup.ts?");
  const name = `test_${randomBytes(6).toString("hex")}`;
  await onServer(server, async (client) => {
    const version = Number((await client.query("show server_version_num")).rows[0].server_version_num);
    const sorting = version >= 150_000 ? "locale_provider icu icu_locale 'und'" : "";
    await client.query(`create database ${name} template template0 encoding 'UTF8' ${sorting}`);
  });
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () => onServer(server, async (client) => void (await client.query(`drop database ${name} with (force)`))),
  };
}

async function onServer(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

export interface TestDatabase {
  storage: Storage;
  /** What openStorage takes, for further connections to the same database. */
  location: { databaseUrl: string | null; dataDir: string };
  /** Closes the storage and removes the database. */
  remove(): Promise<void>;
}

/** A migrated database of its own. */
export async function testDatabase(engine: Engine): Promise<TestDatabase> {
  const directory = await temporaryDirectory();
  const database = engine === "postgres" ? await createPostgresDatabase() : null;
  const location = { databaseUrl: database?.url ?? null, dataDir: directory.path };
  const storage = await openStorage(location);
  await storage.migrate();
  return {
    storage,
    location,
    async remove() {
      await storage.close();
      await database?.drop();
      await directory.remove();
    },
  };
}
