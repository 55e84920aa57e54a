// Before any test of a vitest run: dist/, whose threads, commands and pages the tests use, is current, and there are a PostgreSQL server, a Redis and a browser.
import { buildIfNeeded } from "../../scripts/lib/build.mjs";
import { installChromium } from "../../scripts/services/chromium.mjs";
import { installPostgres, startPostgres } from "../../scripts/services/postgres.mjs";
import { installRedis, startRedis } from "../../scripts/services/redis.mjs";

/** vitest calls this once; what it returns ends what it started. */
export default async function setUp(): Promise<() => Promise<void>> {
  // Node 20 starts threads and processes from JavaScript only, and stale ones would test yesterday's code.
  buildIfNeeded();
  process.env.HEADGATE_TEST_CHROMIUM ??= await installChromium();
  // `npm test` starts the services itself and names them; whoever runs vitest directly gets servers for that run.
  const stops = [
    await bringUp("HEADGATE_TEST_POSTGRES_URL", installPostgres, startPostgres),
    await bringUp("HEADGATE_TEST_REDIS_URL", installRedis, startRedis),
  ];
  return async () => {
    for (const stop of stops) await stop();
  };
}

async function bringUp(
  variable: string,
  install: () => Promise<string>,
  start: () => Promise<{ url: string; destroy(): Promise<void> }>,
): Promise<() => Promise<void>> {
  if (process.env[variable] !== undefined) return async () => {};
  await install();
  const server = await start();
  process.env[variable] = server.url;
  return async () => {
    delete process.env[variable];
    await server.destroy();
  };
}
