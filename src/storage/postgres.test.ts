// PostgreSQL keeps the storage contract, and survives what only a server can do to it.
import { createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startPostgres } from "../../scripts/services/postgres.mjs";
import { testDatabase } from "../../test/support/database.ts";
import { settledAttempt } from "../../test/support/ledger-records.ts";
import { StorageUnavailable } from "./ports/errors.ts";
import type { Storage } from "./ports/storage.ts";
import { openPostgres } from "./postgres.ts";
import { storageContract } from "./storage.contract.ts";

storageContract("postgres");

/** Resolves when `work` stops throwing StorageUnavailable; gives up after 20 s. */
async function eventually(work: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof StorageUnavailable) || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

describe("PostgreSQL server", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let storage: Storage;
  beforeEach(async () => {
    server = await startPostgres();
    storage = await openPostgres({ url: server.url });
    await storage.migrate();
  });
  afterEach(async () => {
    await storage.close();
    await server.destroy();
  });

  test.each(["fast", "immediate"] as const)("stopped (%s) and started again: unavailable, then as before", async (mode) => {
    await storage.meta.set("before", "yes");
    const idle = Array.from({ length: 8 }, () => storage.ping());
    await Promise.all(idle);

    let serverIsStopped = () => {};
    const stopped = new Promise<void>((resolve) => {
      serverIsStopped = resolve;
    });
    const transaction = storage.transaction(async (inside) => {
      await inside.meta.set("half", "done");
      await server.stop(mode);
      serverIsStopped();
      await inside.meta.set("other half", "done");
    });
    await expect(transaction).rejects.toBeInstanceOf(StorageUnavailable);
    await stopped;
    await expect(storage.ping()).rejects.toBeInstanceOf(StorageUnavailable);
    await expect(storage.ledger.ingest([settledAttempt()])).rejects.toBeInstanceOf(StorageUnavailable);
    await expect(storage.migrate()).rejects.toBeInstanceOf(StorageUnavailable);

    await server.start();
    await eventually(() => storage.ping());
    expect(await storage.meta.get("before")).toBe("yes");
    expect(await storage.meta.get("half")).toBeNull();
    expect(await storage.ledger.ingest([settledAttempt()])).toBe(1);
  });

  test("statements under way when it dies fail, and none of them ends the process", async () => {
    const load = Array.from({ length: 40 }, () => storage.ledger.ingest(Array.from({ length: 50 }, () => settledAttempt())));
    const outcomes = Promise.allSettled(load);
    await server.stop("immediate");
    for (const outcome of await outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(StorageUnavailable);
    }
    await server.start();
    await eventually(() => storage.ping());
  });
});

describe("PostgreSQL waits", () => {
  test("a statement that takes too long is ended, and its connection is not handed out broken", async () => {
    const { storage, location, remove } = await testDatabase("postgres");
    // Longer than a busy machine holds up the statement at the end, which nothing blocks.
    const hasty = await openPostgres({ url: location.databaseUrl as string, statementTimeoutMs: 2000, maxConnections: 1 });
    await storage.transaction(async (inside) => {
      await inside.meta.bumpConfigVersion(); // holds the row
      await expect(hasty.meta.bumpConfigVersion()).rejects.toBeInstanceOf(StorageUnavailable);
      await expect(hasty.transaction((other) => other.meta.bumpConfigVersion())).rejects.toBeInstanceOf(StorageUnavailable);
    });
    expect(await hasty.meta.bumpConfigVersion()).toBe(2);
    await hasty.close();
    await remove();
  });

  test("a server that accepts and then says nothing is unavailable within the connection timeout", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const storage = await openPostgres({ url: `postgres://a@127.0.0.1:${port}/a`, connectTimeoutMs: 200 });
    await expect(storage.ping()).rejects.toBeInstanceOf(StorageUnavailable);
    await storage.close();
    silent.close();
  });

  test("errors name neither password nor URL", async () => {
    const storage = await openPostgres({ url: "postgres://a:canary-password@127.0.0.1:1/a", connectTimeoutMs: 500 });
    const error = await storage.ping().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StorageUnavailable);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).cause)).not.toContain(
      "canary-password",
    );
    await storage.close();
  });

  test("backups are left to PostgreSQL's own tools", async () => {
    const storage = await openPostgres({ url: "postgres://a@127.0.0.1:1/a" });
    await expect(storage.backup("/tmp/x")).rejects.toThrow(/pg_dump/);
    await storage.close();
  });
});
