// Before any test of a vitest run: dist/, whose threads, commands and pages the tests use, is current, and there are a PostgreSQL server and a browser.
import { buildIfNeeded } from "../../scripts/lib/build.mjs";
import { installChromium } from "../../scripts/services/chromium.mjs";
import { installPostgres, startPostgres } from "../../scripts/services/postgres.mjs";

/** vitest calls this once; what it returns ends what it started. */
export default async function setUp(): Promise<() => Promise<void>> {
  // Node 20 starts threads and processes from JavaScript only, and stale ones would test yesterday's code.
  buildIfNeeded();
  process.env.HEADGATE_TEST_CHROMIUM ??= await installChromium();
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
