// Exports under way: how many at a time, what is kept, what a restart, a cancellation and a failure leave behind.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { eventually } from "../../../test/support/headgate.ts";
import { systemClock } from "../../core/clock.ts";
import { exportRow } from "../../storage/exports.contract.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import { userRow } from "../../storage/rows.contract.ts";
import { ExportRuns } from "./export-runs.ts";
import type { ExportLimits } from "./export-space.ts";
import type { ExportContent } from "./write-export.ts";

const dayMs = 86_400_000;

let database: TestDatabase;
let storage: Storage;
let present: boolean;
const started: ExportRuns[] = [];
beforeEach(async () => {
  database = await testDatabase("sqlite");
  storage = database.storage;
  present = true;
  return async () => {
    await Promise.all(started.splice(0).map((runs) => runs.stop()));
    await database.remove();
  };
});

/** Content that the test hands out piece by piece. */
class Tap {
  #pieces: string[] = [];
  #failure: unknown = null;
  #isOver = false;
  #wake = () => {};

  give(piece: string): void {
    this.#pieces.push(piece);
    this.#wake();
  }
  end(failure: unknown = null): void {
    this.#isOver = true;
    this.#failure = failure;
    this.#wake();
  }
  readonly content: ExportContent = (report) => this.#read(report);

  async *#read(report: Parameters<ExportContent>[0]): AsyncGenerator<string, void, void> {
    for (let rows = 1; ; rows++) {
      if (this.#pieces.length === 0 && !this.#isOver) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      const piece = this.#pieces.shift();
      if (piece === undefined) {
        if (this.#failure !== null) throw this.#failure;
        return;
      }
      report(rows, rows / 10);
      yield piece;
    }
  }
}

function runsOf(contentOf: (id: string) => ExportContent, limits: Partial<ExportLimits> = {}, onChanged = () => {}): ExportRuns {
  const silent = () => {};
  const runs = new ExportRuns({
    storage: () => (present ? storage : null),
    dataDir: database.location.dataDir,
    contentOf: (_storage, { id }) => contentOf(id),
    // Half a second passes between any two looks at the clock: every piece is told of.
    clock: { ...systemClock, nowMs: () => (ticks += 500), after: (_ms, callback) => systemClock.after(5, callback) },
    log: { debug: silent, info: silent, warn: silent, error: silent },
    onChanged,
    limits,
  });
  started.push(runs);
  return runs;
}
let ticks = Date.now();
afterEach(() => {
  ticks = Date.now();
});

const nothingRecorded = async () => {};
const files = () => readdirSync(join(database.location.dataDir, "exports")).sort();
const fileOf = (id: string) => readFileSync(join(database.location.dataDir, "exports", id), "utf8");
const status = async (id: string) => (await storage.exports.get(id))?.status ?? "gone";
const until = (id: string, wanted: string) => eventually(async () => (await status(id)) === wanted);

async function begin(runs: ExportRuns, changes = {}): Promise<string> {
  const row = exportRow({ created_at: ticks++, ...changes });
  await runs.begin(row, nothingRecorded);
  return row.id;
}

function taps() {
  const byId = new Map<string, Tap>();
  return (id: string): Tap => {
    const tap = byId.get(id) ?? new Tap();
    byId.set(id, tap);
    return tap;
  };
}

test("two run at a time, the rest wait for their turn in order", async () => {
  const tap = taps();
  const runs = runsOf((id) => tap(id).content);
  const ids = [await begin(runs), await begin(runs), await begin(runs), await begin(runs)] as const;
  await until(ids[0], "running");
  await until(ids[1], "running");
  expect([await status(ids[2]), await status(ids[3])]).toEqual(["waiting", "waiting"]);
  tap(ids[1]).end();
  await until(ids[1], "done");
  await until(ids[2], "running");
  expect([await status(ids[0]), await status(ids[3])]).toEqual(["running", "waiting"]);
});

test("one user's many keep nobody else waiting for all of them", async () => {
  const user = userRow();
  await storage.users.insert(user);
  const tap = taps();
  const runs = runsOf((id) => tap(id).content);
  const [first, second, third] = [await begin(runs), await begin(runs), await begin(runs)] as const;
  const other = await begin(runs, { user_id: user.id });
  await until(second, "running");
  tap(first).end();
  await until(other, "running");
  expect(await status(third)).toBe("waiting");
  tap(other).end();
  await until(third, "running");
});

test("how far one has come is written down while it runs", async () => {
  const tap = taps();
  let told = 0;
  const runs = runsOf(
    (id) => tap(id).content,
    {},
    () => told++,
  );
  const id = await begin(runs);
  tap(id).give("abc");
  await eventually(async () => (await storage.exports.get(id))?.rows === 1);
  expect(await storage.exports.get(id)).toMatchObject({ status: "running", rows: 1, bytes: 3, progress: 100 });
  const toldBefore = told;
  tap(id).give("dé");
  await eventually(async () => (await storage.exports.get(id))?.rows === 2);
  tap(id).end();
  await until(id, "done");
  expect(await storage.exports.get(id)).toMatchObject({ rows: 2, bytes: 6, progress: 1000, error: null });
  expect(fileOf(id)).toBe("abcdé");
  expect(told).toBeGreaterThan(toldBefore);
});

test("one that is cancelled reads no further and leaves no file; one that waits never begins", async () => {
  const tap = taps();
  const runs = runsOf((id) => tap(id).content);
  const ids = [await begin(runs), await begin(runs), await begin(runs)] as const;
  tap(ids[0]).give("abc");
  await eventually(async () => (await storage.exports.get(ids[0]))?.rows === 1);
  const said: string[] = [];
  const recorded = async (_: unknown, { id }: { id: string }, what: string) => void said.push(`${what} ${id}`);
  const removal = runs.remove(ids[0], recorded);
  tap(ids[0]).give("more");
  await removal;
  await runs.remove(ids[2], recorded);
  expect([await status(ids[0]), await status(ids[2])]).toEqual(["cancelled", "cancelled"]);
  expect(said).toEqual([`cancel ${ids[0]}`, `cancel ${ids[2]}`]);
  expect(files()).toEqual([ids[1]]);
  await runs.remove(ids[0], recorded);
  expect([said.at(-1), await status(ids[0])]).toEqual([`delete ${ids[0]}`, "gone"]);
});

test("one that another process cancels, or whose user goes, ends", async () => {
  const user = userRow();
  await storage.users.insert(user);
  const tap = taps();
  const runs = runsOf((id) => tap(id).content);
  const [elsewhere, orphan] = [await begin(runs), await begin(runs, { user_id: user.id })];
  await until(elsewhere, "running");
  await until(orphan, "running");
  await storage.exports.update(elsewhere, { status: "cancelled" });
  await storage.users.delete(user.id);
  for (const id of [elsewhere, orphan]) tap(id).give("abc");
  await eventually(async () => files().length === 0);
  expect([await status(elsewhere), await status(orphan)]).toEqual(["cancelled", "gone"]);
});

test("after a restart, what ran has failed and says so, what waited is made, and other directories' exports are left alone", async () => {
  const tap = taps();
  const before = runsOf((id) => tap(id).content);
  const ids = [await begin(before), await begin(before), await begin(before)] as const;
  for (const id of [ids[0], ids[1]]) await until(id, "running");
  const elsewhere = exportRow({ status: "running" });
  await storage.exports.insert(elsewhere);
  const stopped = before.stop();
  for (const id of [ids[0], ids[1]]) tap(id).give("abc");
  await stopped;
  expect([await status(ids[0]), await status(ids[2])]).toEqual(["running", "waiting"]);

  const after = runsOf((id) => tap(id).content);
  await after.recover();
  for (const id of [ids[0], ids[1]]) {
    expect(await storage.exports.get(id)).toMatchObject({
      status: "failed",
      error: expect.stringContaining("interrupted by a restart"),
    });
  }
  await until(ids[2], "running");
  tap(ids[2]).end();
  await until(ids[2], "done");
  expect(await status(elsewhere.id)).toBe("running");
  expect(files()).toEqual([ids[2]]);
});

test("a failure has a text for people, and no file", async () => {
  const tap = taps();
  const runs = runsOf((id) => tap(id).content);
  const causes = [
    [Object.assign(new Error("write"), { code: "ENOSPC" }), /no space left/],
    [new StorageUnavailable("gone"), /database was away/],
    [new TypeError("x is not a function"), /^Something went wrong inside Headgate/],
  ] as const;
  for (const [cause, text] of causes) {
    const id = await begin(runs);
    tap(id).end(cause);
    await until(id, "failed");
    const row = await storage.exports.get(id);
    expect(row).toMatchObject({ bytes: 0, error: expect.stringMatching(text) });
    expect(row?.expires_at).toBe((row?.finished_at as number) + dayMs);
  }
  await eventually(async () => files().length === 0);
});

test("how one ended is written down once the database is back", async () => {
  const tap = taps();
  const runs = runsOf((id) => tap(id).content);
  const id = await begin(runs);
  await until(id, "running");
  present = false;
  tap(id).end();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await status(id)).toBe("running");
  present = true;
  await until(id, "done");
});

test("the oldest finished ones of a user make place; one who has too many under way is told to wait", async () => {
  const tap = taps();
  const runs = runsOf((id) => tap(id).content, { perUser: 3 });
  const finished = await begin(runs);
  tap(finished).end();
  await until(finished, "done");
  const user = userRow();
  await storage.users.insert(user);
  const foreign = await begin(runs, { user_id: user.id });
  tap(foreign).end();
  await until(foreign, "done");
  for (let count = 0; count < 3; count++) await begin(runs);
  expect([await status(finished), await status(foreign)]).toEqual(["gone", "done"]);
  expect(files()).not.toContain(finished);
  await expect(begin(runs)).rejects.toMatchObject({ code: "rate_limit_exceeded", message: expect.stringMatching(/^3 exports/) });
  expect((await storage.exports.ofUser(null)).length).toBe(3);
  expect(files()).toHaveLength(4);
});

test("the oldest make room for the newest; one that is larger than all may be fails", async () => {
  const tap = taps();
  const runs = runsOf((id) => tap(id).content, { totalBytes: 100 });
  const done: string[] = [];
  for (let count = 0; count < 3; count++) {
    const id = await begin(runs);
    tap(id).give("x".repeat(40));
    tap(id).end();
    await until(id, "done");
    done.push(id);
  }
  expect(await Promise.all(done.map(status))).toEqual(["gone", "done", "done"]);
  const large = await begin(runs);
  for (let count = 0; count < 3; count++) tap(large).give("x".repeat(50));
  await until(large, "failed");
  expect((await storage.exports.get(large))?.error).toMatch(/too large/);
  await eventually(async () => !files().includes(large));
});

test("files go after a day, and those that nothing is known of at once", async () => {
  const tap = taps();
  const runs = runsOf((id) => tap(id).content);
  const [kept, running] = [await begin(runs), await begin(runs)];
  tap(kept).end();
  await until(kept, "done");
  await until(running, "running");
  await writeFile(join(database.location.dataDir, "exports", "exp_unknown"), "");
  await writeFile(join(database.location.dataDir, "exports", "README"), "an administrator's own");
  const lost = exportRow({ status: "running", created_at: 1 });
  await storage.exports.insert(lost);
  const finishedMs = (await storage.exports.get(kept))?.finished_at as number;
  await runs.deleteExpired(finishedMs + dayMs - 1);
  expect(files()).toEqual(["README", kept, running].sort());
  expect(await status(lost.id)).toBe("gone");
  await runs.deleteExpired(finishedMs + dayMs + 1);
  expect(files()).toEqual(["README", running].sort());
  expect([await status(kept), await status(running)]).toEqual(["gone", "running"]);
});

test("the file of one that begins and ends while files are looked through stays", async () => {
  const open = () => {
    let pass = () => {};
    const gate = new Promise<void>((resolve) => {
      pass = resolve;
    });
    return { gate, pass };
  };
  const [written, read, looked] = [open(), open(), open()];
  const own = storage;
  let isFirst = true;
  storage = Object.assign(Object.create(own) as Storage, {
    transaction: async (work: Parameters<Storage["transaction"]>[0]) => {
      await written.gate;
      return own.transaction(work);
    },
    exports: {
      ...own.exports,
      async all() {
        const rows = await own.exports.all();
        if (!isFirst) return rows;
        isFirst = false;
        read.pass();
        await looked.gate;
        return rows;
      },
    },
  });
  const tap = taps();
  const runs = runsOf((id) => tap(id).content);
  const beginning = begin(runs);
  await eventually(async () => existsSync(join(database.location.dataDir, "exports")) && files().length === 1);
  const looking = runs.deleteExpired(ticks);
  await read.gate;
  written.pass();
  const id = await beginning;
  tap(id).end();
  await until(id, "done");
  looked.pass();
  await looking;
  expect(files()).toEqual([id]);
});

test("a clock that is put back keeps nobody from hearing how far one has come, or from cancelling it elsewhere", async () => {
  const tap = taps();
  const runs = runsOf((id) => tap(id).content);
  const id = await begin(runs);
  await until(id, "running");
  tap(id).give("abc");
  await eventually(async () => (await storage.exports.get(id))?.bytes === 3);
  ticks -= 3_600_000;
  tap(id).give("def");
  await eventually(async () => (await storage.exports.get(id))?.bytes === 6);
});
