// Before any test of a vitest run: the compiled SQLite worker is current, and there is a PostgreSQL server to test against.
import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installPostgres, startPostgres } from "../../scripts/services/postgres.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** vitest calls this once; what it returns ends what it started. */
export default async function setUp(): Promise<() => Promise<void>> {
  await buildStaleWorker();
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

/** Node 20 starts workers from JavaScript only (src/storage/sqlite-client.ts), and a stale one would test yesterday's code. */
async function buildStaleWorker(): Promise<void> {
  const source = `${root}src/storage/sqlite-worker.ts`;
  const built = `${root}dist/storage/sqlite-worker.js`;
  if (existsSync(built) && statSync(built).mtimeMs >= statSync(source).mtimeMs) return;
  // Another file's type error fails the command, but the output is written nevertheless.
  await promisify(execFile)(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-p", "tsconfig.build.json"], { cwd: root }).catch(
    (error: unknown) => {
      if (!existsSync(built)) throw error;
    },
  );
}
