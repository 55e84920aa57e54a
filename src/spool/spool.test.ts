// The spool keeps what it says it keeps, also on a disk that takes nothing for a while.
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { outcomeRecord, startedRecord } from "./fixtures/records.ts";
import { listSpoolFiles, spoolFilePath } from "./spool-files.ts";
import { SpoolReader } from "./spool-reader.ts";
import { SpoolWriter } from "./spool-writer.ts";

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const processId = "p_0192f0c4";

interface Appended {
  event: "started" | "settled";
  id: string;
}

function record(id: string, event: Appended["event"] = "settled"): Appended {
  return { event, id };
}

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "headgate-spool-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function open(options: Partial<Parameters<typeof SpoolWriter.open>[0]> = {}): Promise<SpoolWriter> {
  return SpoolWriter.open({ dir, processId, onFailure: "refuse", clock: systemClock, log: silent, ...options });
}

/** Resolves when the last of the records is in the spool or refused. */
async function append(writer: SpoolWriter, records: Appended[]): Promise<Error | null> {
  const results = records.map(
    (one) =>
      new Promise<Error | null>((resolve) => {
        const started = startedRecord({ id: one.id });
        if (one.event === "started") writer.start(started, resolve);
        else writer.settle(started, outcomeRecord(), resolve);
      }),
  );
  return (await Promise.all(results)).at(-1) ?? null;
}

/** Makes every write to a file by this process fail with EFBIG: what a full disk looks like, for root too. */
function limitFileSize(bytes: string): void {
  execFileSync("prlimit", ["--pid", String(process.pid), `--fsize=${bytes}:unlimited`]);
}

async function allIds(): Promise<string[]> {
  const ids: string[] = [];
  for (const file of await listSpoolFiles(dir)) {
    const reader = new SpoolReader(file.path);
    for (;;) {
      ids.push(...[...reader.pass()].map((found) => found.id));
      reader.advance();
      if (!reader.hasMore) break;
    }
    reader.close();
  }
  return ids;
}

describe("the spool", () => {
  test("has a record in its file before it says so", async () => {
    const writer = await open();
    expect(await append(writer, [record("a")])).toBeNull();
    const settled = { ...startedRecord({ id: "a" }), ...outcomeRecord(), event: "settled" };
    expect(await readFile(spoolFilePath(dir, processId, 1), "utf8")).toBe(`${JSON.stringify(settled)}\n`);
    await writer.close();
  });

  test("keeps thousands of records appended at once, in order, across many files", async () => {
    const writer = await open({ fileBytesMax: 10_000 });
    const ids = Array.from({ length: 5000 }, (_, i) => `r${i}`);
    const results: (Error | null)[] = [];
    for (let i = 0; i < ids.length; i += 50) {
      results.push(...(await Promise.all(ids.slice(i, i + 50).map((id) => append(writer, [record(id)])))));
    }
    await writer.close();
    expect(results.every((result) => result === null)).toBe(true);
    expect((await readdir(dir)).length).toBeGreaterThan(10);
    expect(await allIds()).toEqual(ids);
  });

  test("writes what waits before it closes", async () => {
    const writer = await open();
    void append(writer, [record("last")]);
    await writer.close();
    expect(await allIds()).toEqual(["last"]);
  });

  test.each(["refuse", "continue"] as const)(
    "on a disk that takes nothing, policy %s holds, and every outcome is written later",
    async (onFailure) => {
      const writer = await open({ onFailure });
      await append(writer, [record("before")]);
      limitFileSize("0");
      try {
        const error = await append(writer, [record("started only", "started"), record("answered")]);
        expect(error === null).toBe(onFailure === "continue");
        expect(writer.failure).not.toBeNull();
        expect(writer.accepting).toBe(onFailure === "continue");
      } finally {
        limitFileSize("unlimited");
      }
      const deadline = Date.now() + 5000;
      while (writer.failure !== null && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(writer.accepting).toBe(true);
      expect(await append(writer, [record("after")])).toBeNull();
      await writer.close();
      const expected =
        onFailure === "continue" ? ["before", "started only", "answered", "after"] : ["before", "answered", "after"];
      expect((await allIds()).sort()).toEqual(expected.sort());
      expect(writer.unrecorded).toBe(0);
    },
  );

  test("on a disk that takes half a batch, none of it is kept, and the outcomes are written later", async () => {
    const writer = await open();
    await append(writer, [record("before")]);
    const path = spoolFilePath(dir, processId, 1);
    const before = await readFile(path, "utf8");
    limitFileSize(String(before.length + 1000));
    try {
      await append(writer, [record("started only", "started"), record("first"), record("ünlike\n", "settled")]);
      expect(writer.failure).not.toBeNull();
      expect(await readFile(path, "utf8")).toBe(before);
    } finally {
      limitFileSize("unlimited");
    }
    await expect.poll(() => writer.failure, { timeout: 5000, interval: 20 }).toBeNull();
    await writer.close();
    expect(await allIds()).toEqual(["before", "first", "ünlike\n"]);
  });

  test("takes more in one turn than any turn before, and what comes while that is being written", async () => {
    const writer = await open();
    const id = (index: number) => `${index} ${"long".repeat(2000)}`;
    const first = Array.from({ length: 300 }, (_, index) => record(id(index)));
    const second = first.map((_, index) => record(id(300 + index)));
    const appended = append(writer, first);
    const appendedMeanwhile = new Promise((resolve) => setImmediate(() => resolve(append(writer, second))));
    await appended;
    await appendedMeanwhile;
    await writer.close();
    expect(await allIds()).toEqual([...first, ...second].map((one) => one.id));
  });

  test("a record that can't be encoded leaves nothing of itself", async () => {
    const writer = await open();
    const broken = startedRecord({ startedAtMs: 1n as unknown as number });
    expect(() => writer.start(broken, () => {})).toThrow();
    await append(writer, [record("next")]);
    await writer.close();
    expect(await allIds()).toEqual(["next"]);
  });

  test("grows on in its file when the next one can't be created", async () => {
    const writer = await open({ fileBytesMax: 1 });
    await writeFile(spoolFilePath(dir, processId, 2), "");
    for (const id of ["a", "b", "c"]) expect(await append(writer, [record(id)])).toBeNull();
    await writer.close();
    expect(await allIds()).toEqual(["a", "b", "c"]);
  });

  test("reads whole lines only, gives them until told that they are dealt with, and goes on where it was", async () => {
    const path = spoolFilePath(dir, processId, 1);
    await writeFile(path, '{"event":"started","id":"a"}\n{"event":"sett');
    const reader = new SpoolReader(path);
    for (const _ of [1, 2]) expect([...reader.pass()]).toEqual([{ event: "started", id: "a" }]);
    reader.advance();
    expect([...reader.pass()]).toEqual([]);
    expect(reader.hasMore).toBe(false);
    await writeFile(path, 'led","id":"a"}\n', { flag: "a" });
    expect([...reader.pass()]).toEqual([{ event: "settled", id: "a" }]);
    reader.close();
  });

  test("steps over the torn line that a failed write leaves, however long", async () => {
    const path = spoolFilePath(dir, processId, 1);
    await writeFile(path, '{"event":"settled","id":"a"}\n{"event":"sett\n{"event":"settled","id":"b"}\n');
    const reader = new SpoolReader(path);
    expect([...reader.pass()].map((found) => found.id)).toEqual(["a", "b"]);
    expect(reader.unreadable).toBe(1);
    await writeFile(path, `${"x".repeat(1_000_000)}\n{"event":"settled","id":"c"}\n`, { flag: "a" });
    expect([...reader.pass()].map((found) => found.id)).toEqual(["a", "b", "c"]);
    reader.close();
  });

  test("gives every record, however long, and says when there may be more of them", async () => {
    const path = spoolFilePath(dir, processId, 1);
    const ids = Array.from({ length: 20 }, (_, index) => `a${index}`);
    await writeFile(path, ids.map((id) => `${JSON.stringify({ event: "settled", id, path: "é".repeat(100_000) })}\n`).join(""));
    const reader = new SpoolReader(path);
    expect([...reader.pass()].length).toBeLessThan(ids.length);
    expect(reader.hasMore).toBe(true);
    expect(await allIds()).toEqual(ids);
    reader.close();
  });

  test("keeps a start when only half its outcome could be written", async () => {
    const path = spoolFilePath(dir, processId, 1);
    await writeFile(path, '{"event":"started","id":"a","n":1}\n{"event":"settled","id":"a","n":1,"sta\n');
    const reader = new SpoolReader(path);
    expect([...reader.pass()]).toEqual([{ event: "started", id: "a", n: 1 }]);
    expect(reader.unreadable).toBe(1);
    reader.close();
  });

  test("leaves out the starts that are settled in the same pass, however far apart, and no others", async () => {
    const path = spoolFilePath(dir, processId, 1);
    const ids = Array.from({ length: 3000 }, (_, index) => `ü${index}`);
    const line = (event: string, id: string) => `${JSON.stringify({ event, id, why: "😀 ".repeat(20) })}\n`;
    const settled = ids.filter((_, index) => index % 3 !== 0);
    await writeFile(path, [...ids.map((id) => line("started", id)), ...settled.map((id) => line("settled", id))].join(""));
    const reader = new SpoolReader(path);
    const given = [...reader.pass()];
    reader.close();
    const idsOf = (event: string) => given.flatMap((found) => (found.event === event ? found.id : []));
    expect(idsOf("settled")).toEqual(settled);
    expect(idsOf("started")).toEqual(ids.filter((_, index) => index % 3 === 0));
    expect(given[0]).toMatchObject({ why: "😀 ".repeat(20) });
  });
});
