// Several processes write, one thread takes it in: who leaves is closed within a second, who lives is never cut off, even across a new thread.
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { describe, expect, onTestFinished, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { settledAttempt, startedAttempt } from "../../../test/support/ledger-records.ts";
import { quickestMs } from "../../../test/support/quickest.ts";
import { systemClock } from "../../core/clock.ts";
import { newId } from "../../core/ids.ts";
import type { AttemptOutcome, AttemptStarted } from "../../domain/ledger-record.ts";
import { spoolFilePath } from "../../spool/spool-files.ts";
import { SpoolWriter } from "../../spool/spool-writer.ts";
import { ThreadedLedgerWriter } from "./threaded-ledger-writer.ts";

function nextThread(): Promise<Worker> {
  return new Promise((resolve) => process.once("worker", resolve));
}

const log = { debug() {}, info() {}, warn() {}, error() {} };

async function beginning({ others }: { others?: readonly string[] } = {}) {
  const { storage, location, remove } = await testDatabase("sqlite");
  const dir = join(location.dataDir, "spool");
  await mkdir(dir);
  const closed: string[] = [];
  const ownId = newId("p");
  const writer = new ThreadedLedgerWriter({
    dir,
    processId: ownId,
    others,
    ...location,
    clock: systemClock,
    log,
    onClosed: (id) => closed.push(id),
  });
  onTestFinished(async () => {
    await writer.stop();
    await remove();
  });
  const stateOf = async (requestId: string) => (await storage.ledger.attemptsOf([requestId]))[0]?.state;
  return {
    writer,
    closed,
    ownId,
    stateOf,
    stateIs: (requestId: string, state: string) =>
      eventually(async () => (await stateOf(requestId)) === state, { what: `${requestId}: ${state}` }),
    /** A process of that name, as far as the spool can tell. */
    async born(processId = newId("p")) {
      const spool = await SpoolWriter.open({ dir, processId, onFailure: "refuse", clock: systemClock, log });
      const done = (resolve: () => void, reject: (error: Error) => void) => (error: Error | null) =>
        error === null ? resolve() : reject(error);
      return {
        processId,
        path: spoolFilePath(dir, processId, 1),
        end: () => spool.close(),
        async starts(requestId: string): Promise<AttemptStarted> {
          const { event: _, ...started } = startedAttempt({ processId, requestId });
          await new Promise<void>((resolve, reject) => spool.start(started as AttemptStarted, done(resolve, reject)));
          return started as AttemptStarted;
        },
        settles(started: AttemptStarted): Promise<void> {
          const outcome: AttemptOutcome = settledAttempt({ ...started, event: "settled" });
          return new Promise((resolve, reject) => spool.settle(started, outcome, done(resolve, reject)));
        },
      };
    },
  };
}

describe("the ledger's thread, with several processes", () => {
  test("takes in what all of them write, closes one that leaves within about a second, and goes on with one that joins", async () => {
    const { writer, closed, ownId, stateIs, stateOf, born } = await beginning();
    const [one, two] = [await born(), await born()];
    writer.setOthers([one.processId, two.processId]);
    writer.start();
    const open = await two.starts("req_2");
    const left: string[] = [];
    const leaveMs = async () => {
      const leaving = left.length === 0 ? one : await born();
      const requestId = `req_1${left.push(leaving.processId)}`;
      writer.setOthers([leaving.processId, two.processId]);
      await leaving.starts(requestId);
      await stateIs(requestId, "started");
      await leaving.end();
      writer.setOthers([two.processId]);
      const leftAtMs = Date.now();
      await stateIs(requestId, "interrupted");
      await eventually(() => closed.includes(leaving.processId) && !existsSync(leaving.path), { what: "the end of its account" });
      return Date.now() - leftAtMs;
    };
    expect(await quickestMs(3000, leaveMs)).toBeLessThan(3000);

    const three = await born();
    const begun = await three.starts("req_3");
    writer.setOthers([two.processId, three.processId]);
    await stateIs("req_3", "started");
    await three.settles(begun);
    await two.settles(open);
    await stateIs("req_3", "settled");
    await stateIs("req_2", "settled");
    expect(await stateOf("req_11")).toBe("interrupted");
    expect([existsSync(two.path), existsSync(three.path), closed]).toEqual([true, true, left]);
    expect(closed).not.toContain(ownId);
    await two.end();
    await three.end();
  });

  test("a thread that comes after one that failed knows who lives, and who has left meanwhile", async () => {
    const { writer, closed, stateIs, born } = await beginning();
    const [stays, leaves] = [await born(), await born()];
    writer.setOthers([stays.processId, leaves.processId]);
    const thread = nextThread();
    writer.start();
    const begun = await stays.starts("req_1");
    await leaves.starts("req_2");
    await stateIs("req_2", "started");
    await eventually(() => writer.hasCaughtUp);

    await (await thread).terminate();
    await eventually(() => writer.failure?.message.includes("has ended"));
    await leaves.end();
    writer.setOthers([stays.processId]);
    await stateIs("req_2", "interrupted");
    await eventually(() => closed.length > 0 && writer.failure === null);
    expect(closed).toEqual([leaves.processId]);
    expect(existsSync(stays.path)).toBe(true);
    await stays.settles(begun);
    await stateIs("req_1", "settled");
    await stays.end();
  });

  test("what those of an earlier run left is closed at once, while those that live are left alone", async () => {
    const livesId = newId("p");
    const { writer, closed, stateIs, born } = await beginning({ others: [livesId] });
    const lives = await born(livesId);
    const earlier = await born("p_09");
    await earlier.starts("req_1");
    await lives.starts("req_2");
    await earlier.end();
    writer.start();
    await stateIs("req_1", "interrupted");
    await stateIs("req_2", "started");
    await eventually(() => writer.hasCaughtUp && closed.length > 0);
    expect([closed, existsSync(earlier.path), existsSync(lives.path)]).toEqual([["p_09"], false, true]);
    await lives.end();
  });
});
