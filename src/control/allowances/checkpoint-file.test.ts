// What was spent is on disk within seconds and at the end, whole or not at all.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFakeClock } from "../../../test/support/fake-clock.ts";
import { CheckpointFile, checkpointFileName } from "./checkpoint-file.ts";

let dataDir: string;
let warnings: string[];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "headgate-checkpoint-"));
  warnings = [];
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const clock = createFakeClock();
const ignore = () => {};
const log = {
  debug: ignore,
  info: ignore,
  error: ignore,
  warn: (_fields: object, message: string) => void warnings.push(message),
};
const open = () => new CheckpointFile({ dataDir, clock, log });

test("what is kept every few seconds, and at the end, is read again", async () => {
  const spent = new Map([["key:a 0", 5]]);
  const file = open();
  expect([...(await file.read())]).toEqual([]);
  file.start(() => spent);
  await clock.advance(5000);
  await expect.poll(async () => [...(await open().read())], { timeout: 10_000 }).toEqual([["key:a 0", 5]]);
  spent.set("group:g 1762000000000", 9_000_000_000_000_000);
  await file.stop();
  expect(await open().read()).toEqual(spent);
  expect(readdirSync(dataDir)).toEqual([checkpointFileName]);
  expect(warnings).toEqual([]);
});

test("one that is cut off, of another version or full of nonsense is as good as none, and numbers that are none are left out", async () => {
  const path = join(dataDir, checkpointFileName);
  for (const text of [
    '{"version":1,"accounts":{"a 0":',
    '{"version":2,"accounts":{"a 0":1}}',
    "[]",
    '{"version":1,"accounts":null}',
  ]) {
    writeFileSync(path, text);
    expect((await open().read()).size).toBe(0);
  }
  writeFileSync(path, '{"version":1,"accounts":{"a 0":1,"b 0":-1,"c 0":"5","d 0":1.5}}');
  expect([...(await open().read())]).toEqual([["a 0", 1]]);
  expect(warnings.length).toBeGreaterThan(0);
  expect(readFileSync(path, "utf8")).toContain("a 0");
});
