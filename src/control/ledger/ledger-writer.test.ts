// From the spool's files into a real database: everything once, nothing of a live process taken away, nothing held up by one bad record.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { temporaryDirectory, testDatabase } from "../../../test/support/database.ts";
import { settledAttempt, startedAttempt } from "../../../test/support/ledger-records.ts";
import { systemClock } from "../../core/clock.ts";
import type { LedgerRecord } from "../../domain/ledger-record.ts";
import { spoolFilePath } from "../../spool/spool-files.ts";
import type { LedgerRepository, Storage } from "../../storage/port.ts";
import { LedgerWriter } from "./ledger-writer.ts";

const own = "p_0a";
const dead = "p_09";

let dir: string;
let storage: Storage;
const ends: (() => Promise<void>)[] = [];

beforeEach(async () => {
  const folder = await temporaryDirectory();
  const database = await testDatabase("sqlite");
  dir = folder.path;
  storage = database.storage;
  ends.push(folder.remove, database.remove);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function writer(ledger: () => LedgerRepository | null = () => storage.ledger): LedgerWriter {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  return new LedgerWriter({ dir, processId: own, ledger, clock: systemClock, log });
}

async function spool(processId: string, sequence: number, records: LedgerRecord[]): Promise<string> {
  const path = spoolFilePath(dir, processId, sequence);
  await writeFile(path, records.map((record) => `${JSON.stringify(record)}\n`).join(""), { flag: "a" });
  return path;
}

describe("the ledger writer", () => {
  test("takes in what its own process writes, keeps the file that grows, and deletes the one that is complete", async () => {
    const first = await spool(own, 1, [settledAttempt({ processId: own, requestId: "req_1" })]);
    const second = await spool(own, 2, [startedAttempt({ processId: own, requestId: "req_2" })]);
    const ledgerWriter = writer();
    expect(await ledgerWriter.catchUp()).toBe(true);
    expect([existsSync(first), existsSync(second)]).toEqual([false, true]);
    await spool(own, 2, [settledAttempt({ processId: own, requestId: "req_3" })]);
    expect(await ledgerWriter.catchUp()).toBe(true);
    const rows = await storage.ledger.attemptsOf(["req_1", "req_2", "req_3"]);
    expect(rows.map((row) => row.state).sort()).toEqual(["settled", "settled", "started"]);
  });

  test("closes the account of a process that is gone: unfinished attempts are interrupted, its files go", async () => {
    const finished = startedAttempt({ processId: dead, requestId: "req_1" });
    const first = await spool(dead, 1, [finished, startedAttempt({ processId: dead, requestId: "req_2" })]);
    const last = await spool(dead, 2, [settledAttempt({ ...finished, event: "settled" })]);
    const ledgerWriter = writer();
    expect(ledgerWriter.hasCaughtUp).toBe(false);
    expect(await ledgerWriter.catchUp()).toBe(true);
    expect(ledgerWriter.hasCaughtUp).toBe(true);
    const rows = await storage.ledger.attemptsOf(["req_1", "req_2"]);
    expect(rows.map((row) => [row.request_id, row.state])).toEqual([
      ["req_1", "settled"],
      ["req_2", "interrupted"],
    ]);
    expect([existsSync(first), existsSync(last)]).toEqual([false, false]);
  });

  test("says so when there is no database, keeps everything, and knows how much that is", async () => {
    const path = await spool(dead, 1, [settledAttempt({ processId: dead })]);
    const ledgerWriter = writer(() => null);
    expect(await ledgerWriter.catchUp()).toBe(false);
    expect(existsSync(path)).toBe(true);
    expect(ledgerWriter.hasCaughtUp).toBe(false);
    expect(ledgerWriter.backlogBytes).toBe((await readFile(path)).length);
  });

  test("sets a record aside that the database will not have, and takes in the others", async () => {
    const poison = settledAttempt({ processId: dead, requestId: "req_poison" });
    await spool(dead, 1, [settledAttempt({ processId: dead, requestId: "req_1" }), poison]);
    const { ledger } = storage;
    const refusing: LedgerRepository = {
      ...ledger,
      ingest(records) {
        const all = [...records];
        return all.some((record) => record.id === poison.id) ? Promise.reject(new Error("no")) : ledger.ingest(all);
      },
    };
    expect(await writer(() => refusing).catchUp()).toBe(true);
    expect(await storage.ledger.attemptsOf(["req_1", "req_poison"])).toHaveLength(1);
    expect(await readFile(join(dir, "rejected.ndjson"), "utf8")).toContain(poison.id);
  });
});
