// How the tests run. `npm test` brings up the services first; `npx vitest` alone works too (globalSetup then starts PostgreSQL).
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{src,test,bench,dashboard}/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    // Processes, not threads: tests use signals, worker threads and native modules of their own.
    pool: "forks",
    maxWorkers: availableParallelism(),
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
