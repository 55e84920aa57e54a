// Before any test of a vitest run: the compiled SQLite worker (src/storage/sqlite-client.ts) is current, and there is a PostgreSQL server to test against.
import { execFile } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installPostgres, startPostgres } from "../../scripts/services/postgres.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** vitest calls this once; what it returns ends what it started. */
export default async function setUp(): Promise<() => Promise<void>> {
  await buildStaleStorage();
  // `npm test` starts the services itself and names them; whoever runs vitest directly gets a server for that run.
  if (process.env.HEADGATE_TEST_POSTGRES_URL !== undefined) return async () => {};
  await installPostgres();
  const server = await startPostgres();
  process.env.HEADGATE_TEST_POSTGRES_URL = server.url;
  return async () => {
    delete process.env.HEADGATE_TEST_POSTGRES_URL;
    await server.destroy();
  };
}

/** Node 20 starts workers and child processes from JavaScript only, and a stale one would test yesterday's code. */
async function buildStaleStorage(): Promise<void> {
  const built = `${root}dist/storage/sqlite-worker.js`;
  const sources = readdirSync(`${root}src/storage`).filter((name) => /^[a-z-]+\.ts$/.test(name));
  const newestMs = Math.max(...sources.map((name) => statSync(`${root}src/storage/${name}`).mtimeMs));
  if (existsSync(built) && statSync(built).mtimeMs >= newestMs) return;
  const compiler = `${root}node_modules/typescript/bin/tsc`;
  try {
    await promisify(execFile)(process.execPath, [compiler, "-p", "tsconfig.build.json"], { cwd: root });
  } catch (error) {
    // Another file's type error fails the command, but the output is written nevertheless.
    if (!existsSync(built)) throw error;
  }
}
