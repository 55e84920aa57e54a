// From the spool's files into a real database: everything once, nothing of a live process taken away, nothing held up by one bad record.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { temporaryDirectory, testDatabase } from "../../../test/support/database.ts";
import { settledAttempt, startedAttempt } from "../../../test/support/ledger-records.ts";
import { systemClock } from "../../core/clock.ts";
import { newId } from "../../core/ids.ts";
import type { LedgerRecord } from "../../domain/ledger-record.ts";
import { spoolFilePath } from "../../spool/spool-files.ts";
import type { LedgerRepository } from "../../storage/ports/ledger.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import { LedgerWriter } from "./ledger-writer.ts";
import { LiveProcesses } from "./live-processes.ts";

const own = "p_0a";
const worker = "p_0b";
const dead = "p_09";

let dir: string;
let storage: Storage;
let live: LiveProcesses;
let closed: string[];
/** The writer's; null: the machine's. */
let nowMs: number | null;
const ends: (() => Promise<void>)[] = [];

beforeEach(async () => {
  const folder = await temporaryDirectory();
  const database = await testDatabase("sqlite");
  dir = folder.path;
  storage = database.storage;
  live = new LiveProcesses([own]);
  closed = [];
  nowMs = null;
  ends.push(folder.remove, database.remove);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function writer(ledger: () => LedgerRepository | null = () => storage.ledger): LedgerWriter {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const clock = { ...systemClock, nowMs: () => nowMs ?? Date.now() };
  return new LedgerWriter({ dir, live, ledger, clock, log, onClosed: (id) => closed.push(id) });
}

async function spool(processId: string, sequence: number, records: LedgerRecord[]): Promise<string> {
  const path = spoolFilePath(dir, processId, sequence);
  await writeFile(path, records.map((record) => `${JSON.stringify(record)}\n`).join(""), { flag: "a" });
  return path;
}

const bornAtMs = (processId: string) => Number.parseInt(processId.slice(2, 14), 16);

async function statesOf(...requestIds: string[]): Promise<unknown[]> {
  const rows = await storage.ledger.attemptsOf(requestIds);
  return requestIds.map((id) => rows.find((row) => row.request_id === id)?.state);
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

  test("takes in what several processes write, and keeps the last file of each", async () => {
    live.replace([own, worker]);
    const complete = await spool(worker, 1, [settledAttempt({ processId: worker, requestId: "req_1" })]);
    const files = [
      await spool(own, 1, [startedAttempt({ processId: own, requestId: "req_2" })]),
      await spool(worker, 2, [startedAttempt({ processId: worker, requestId: "req_3" })]),
    ];
    const ledgerWriter = writer();
    expect(await ledgerWriter.catchUp()).toBe(true);
    expect([complete, ...files].map(existsSync)).toEqual([false, true, true]);
    expect(ledgerWriter.ingestedBytes).toBeGreaterThan((await readFile(files[0] as string)).length * 2);
    expect(ledgerWriter.hasCaughtUp).toBe(true);
    expect(await statesOf("req_1", "req_2", "req_3")).toEqual(["settled", "started", "started"]);
    expect(closed).toEqual([]);
  });

  test("closes the account of a process that leaves, with what it wrote last, and of no other", async () => {
    live.replace([own, worker]);
    const finished = startedAttempt({ processId: worker, requestId: "req_1" });
    const kept = await spool(own, 1, [startedAttempt({ processId: own, requestId: "req_own" })]);
    const gone = await spool(worker, 1, [finished, startedAttempt({ processId: worker, requestId: "req_2" })]);
    const ledgerWriter = writer();
    await ledgerWriter.catchUp();
    await spool(worker, 1, [settledAttempt({ ...finished, event: "settled" })]);
    live.replace([own]);
    expect(await ledgerWriter.catchUp()).toBe(true);
    expect(await statesOf("req_1", "req_2", "req_own")).toEqual(["settled", "interrupted", "started"]);
    expect([existsSync(gone), existsSync(kept)]).toEqual([false, true]);
    expect(closed).toEqual([worker]);
    await ledgerWriter.catchUp();
    expect(closed).toEqual([worker]);
  });

  test("closes a process that was just born and is gone again at once, whether or not it came to have a file", async () => {
    const [first, second] = [newId("p"), newId("p")];
    live.replace([own, first, second]);
    await spool(first, 1, [startedAttempt({ processId: first, requestId: "req_1" })]);
    live.replace([own]);
    await writer().catchUp();
    expect(closed).toEqual([first, second]);
    expect(await statesOf("req_1")).toEqual(["interrupted"]);
  });

  test("leaves the file of a process alone that writes before anybody has named it", async () => {
    live = new LiveProcesses([own], { changes: true });
    const born = newId("p");
    nowMs = bornAtMs(born) + 1999;
    const path = await spool(born, 1, [startedAttempt({ processId: born, requestId: "req_1" })]);
    const ledgerWriter = writer();
    expect(await ledgerWriter.catchUp()).toBe(true);
    live.replace([own, born]);
    await ledgerWriter.catchUp();
    expect(existsSync(path)).toBe(true);
    expect([await statesOf("req_1"), closed]).toEqual([["started"], []]);
  });

  test("closes one that nobody ever names, once it is too old to have just been started", async () => {
    live = new LiveProcesses([own], { changes: true });
    const stray = newId("p");
    nowMs = bornAtMs(stray) + 1999;
    const path = await spool(stray, 1, [startedAttempt({ processId: stray, requestId: "req_1" })]);
    const ledgerWriter = writer();
    await ledgerWriter.catchUp();
    expect(existsSync(path)).toBe(true);
    nowMs += 1;
    expect(await ledgerWriter.catchUp()).toBe(true);
    expect([existsSync(path), closed]).toEqual([false, [stray]]);
  });

  test("leaves one alone that nobody has named while the words of others don't come through, however long that takes", async () => {
    live = new LiveProcesses([own], { changes: true });
    const heardAtMs = Date.now();
    live.heard(heardAtMs);
    const born = newId("p");
    const old = `p_${(heardAtMs - 10_000).toString(16).padStart(12, "0")}7000800000000000`;
    const isGone = live.look(heardAtMs + 60_000);
    expect([isGone(born), isGone(old)]).toEqual([false, true]);
    live.heard(heardAtMs + 60_000);
    expect(live.look(heardAtMs + 60_000)(born)).toBe(true);
  });

  test("takes nothing for complete of a process that comes or goes while the folder is being looked at", async () => {
    const [leaving, joining] = ["p_0c", "p_0d"];
    live.replace([own, leaving]);
    const looked = live.look(Date.now());
    live.replace([own, joining]);
    expect([looked(leaving), looked(joining), looked(dead)]).toEqual([false, false, true]);
    const next = live.look(Date.now());
    expect([next(leaving), next(joining)]).toEqual([true, false]);
  });
});
