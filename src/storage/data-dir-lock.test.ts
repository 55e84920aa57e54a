// One process per data directory, and no lock outlives its process.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryDirectory } from "../../test/support/database.ts";
import { DataDirInUse, lockDataDir } from "./data-dir-lock.ts";

const compiled = new URL("../../compiled/storage/data-dir-lock.js", import.meta.url).href;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let dataDir: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  directory = await temporaryDirectory();
  dataDir = join(directory.path, "new", "data");
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await directory.remove();
});

/** Another process that tries to lock the directory, says how that went, and stays. */
async function otherProcess(): Promise<{ said: string; kill(): Promise<void> }> {
  const script = `
    const { lockDataDir } = await import(${JSON.stringify(compiled)});
    try { globalThis.lock = await lockDataDir(${JSON.stringify(dataDir)}); console.log("locked"); }
    catch (error) { console.log(error.name + ": " + error.message); }
    setInterval(() => {}, 1000);`;
  const file = join(directory.path, "other-process.mjs");
  writeFileSync(file, script);
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const [output] = (await once(child.stdout, "data")) as [Buffer];
  return {
    said: output.toString().trim(),
    async kill() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

test("a directory in use is refused, and free again after kill -9", async () => {
  const first = await otherProcess();
  expect(first.said).toBe("locked");
  const second = await otherProcess();
  expect(second.said).toContain("DataDirInUse");
  expect(second.said).toContain(`${dataDir} is in use`);
  await expect(lockDataDir(dataDir)).rejects.toBeInstanceOf(DataDirInUse);
  await first.kill();
  const lock = await lockDataDir(dataDir);
  expect((await otherProcess()).said).toContain("DataDirInUse");
  await lock.release();
  expect((await otherProcess()).said).toBe("locked");
});

test("the directory is made for its owner alone", async () => {
  const lock = await lockDataDir(dataDir);
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  await expect(lockDataDir(dataDir)).rejects.toBeInstanceOf(DataDirInUse);
  await lock.release();
  await (await lockDataDir(dataDir)).release();
});
