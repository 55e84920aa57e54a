// How the tests run. `npm test` brings up the services first; `npx vitest` alone works too (globalSetup then starts PostgreSQL).
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** What one process does, workers and control do together: these run a second time, against two workers. All may: HEADGATE_TEST_WORKERS=2. */
const alsoWithWorkers = [
  "allowances/rates",
  "allowances/restarts",
  "database-outage",
  "drain",
  "errors",
  "pools/failover",
  "proxy",
  "restart",
  "stateful-ids",
  "streaming/callers",
  "streaming/drain",
  "streaming/sdk-clients",
];

const everything = { extends: true as const, test: { name: "all", include: ["{src,test,bench,dashboard}/**/*.test.ts"] } };
const withWorkers = {
  extends: true as const,
  test: {
    name: "workers",
    include: alsoWithWorkers.map((name) => `test/system/${name}.test.ts`),
    env: { HEADGATE_TEST_WORKERS: "2" },
  },
};

export default defineConfig({
  test: {
    projects: process.env.HEADGATE_TEST_WORKERS === undefined ? [everything, withWorkers] : [everything],
    globalSetup: ["test/support/global-setup.ts"],
    // Processes, not threads: tests use signals, worker threads and native modules of their own.
    pool: "forks",
    maxWorkers: availableParallelism(),
    // For what hangs, not for what is slow: a machine that does other things too takes several times as long.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
