// SQLite keeps the storage contract, and what only it can do or suffer.
import { existsSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { temporaryDirectory } from "../../test/support/database.ts";
import { settledAttempt } from "../../test/support/ledger-records.ts";
import { StorageUnavailable } from "./ports/errors.ts";
import type { Storage } from "./ports/storage.ts";
import { openSqlite, sqliteStorage } from "./sqlite.ts";
import { SqliteClient } from "./sqlite-client.ts";
import { storageContract } from "./storage.contract.ts";

storageContract("sqlite");

describe("SQLite file", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let path: string;
  let storage: Storage;
  let client: SqliteClient;
  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, "headgate.db");
    client = new SqliteClient({ path, busyTimeoutMs: 100, statementTimeoutMs: 10_000 });
    storage = sqliteStorage(client, path);
    await storage.migrate();
  });
  afterEach(async () => {
    await storage.close();
    await directory.remove();
  });

  test("is durable: WAL, full sync, foreign keys", async () => {
    for (const connection of ["writer", "reader"] as const) {
      const pragma = async (name: string) => Object.values((await client.run(connection, `pragma ${name}`)).rows[0] as object)[0];
      expect(await pragma("journal_mode")).toBe("wal");
      expect(await pragma("synchronous")).toBe(2);
      expect(await pragma("foreign_keys")).toBe(1);
      expect(await pragma("busy_timeout")).toBe(100);
    }
  });

  test("locked by another connection: writes are unavailable, reads go on, and all is well once it is free", async () => {
    const other = new SqliteClient({ path, busyTimeoutMs: 0, statementTimeoutMs: 5000 });
    await other.run("writer", "begin exclusive");
    await expect(storage.meta.set("a", "1")).rejects.toBeInstanceOf(StorageUnavailable);
    await expect(storage.ledger.ingest([settledAttempt()])).rejects.toBeInstanceOf(StorageUnavailable);
    await expect(storage.groups.all().then(() => storage.meta.bumpConfigVersion())).rejects.toBeInstanceOf(StorageUnavailable);
    expect(await storage.meta.configVersion()).toBe(0);
    await other.run("writer", "rollback");
    await storage.meta.set("a", "1");
    expect(await storage.meta.get("a")).toBe("1");
    expect((await other.run("reader", "select value from meta where key = 'a'")).rows).toEqual([{ value: "1" }]);
    await other.close();
  });

  test("the worker's death fails what was under way, rolls it back, and the next statement opens the file again", async () => {
    const work = storage.transaction(async (inside) => {
      await inside.meta.set("half", "done");
      client.reset("on purpose");
      await inside.meta.set("other half", "done");
    });
    await expect(work).rejects.toBeInstanceOf(StorageUnavailable);
    expect(await storage.meta.get("half")).toBeNull();

    const pending = client.run("writer", "insert into meta values ('lost', 'yes')");
    client.reset("on purpose");
    await expect(pending).rejects.toBeInstanceOf(StorageUnavailable);
    await storage.meta.set("back", "yes");
    expect(await storage.meta.get("back")).toBe("yes");
  });

  test("a file that can't be opened is unavailable until it can", async () => {
    const missing = join(directory.path, "later");
    const later = await openSqlite({ path: join(missing, "headgate.db") });
    await expect(later.ping()).rejects.toBeInstanceOf(StorageUnavailable);
    await mkdir(missing);
    await later.ping();
    await later.close();
    await expect(later.ping()).rejects.toBeInstanceOf(StorageUnavailable);
  });

  test("a backup made while it is written to is a complete database, readable by its owner alone", async () => {
    const target = join(directory.path, "backup.db");
    const record = settledAttempt();
    await storage.ledger.ingest([record]);
    const writes = Array.from({ length: 50 }, (_, index) => storage.meta.set(`during-${index}`, "yes"));
    await Promise.all([storage.backup(target), ...writes]);
    expect(statSync(target).mode & 0o777).toBe(0o600);
    const copy = await openSqlite({ path: target });
    await copy.migrate();
    expect(await copy.ledger.attemptsOf([record.requestId])).toHaveLength(1);
    await copy.close();
    await expect(storage.backup(target)).rejects.toThrow(/EEXIST/);
  });

  test("closing lets what was sent finish, and checkpoints the log", async () => {
    const writes = Array.from({ length: 20 }, (_, index) => storage.meta.set(`last-${index}`, "yes"));
    await Promise.all(writes);
    await storage.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
    storage = await openSqlite({ path });
    expect(await storage.meta.get("last-19")).toBe("yes");
  });
});
