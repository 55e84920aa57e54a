// A thread that gives way lowers its own priority, and nobody else's.
import { readdirSync } from "node:fs";
import { getPriority } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { giveWay } from "./give-way.ts";

const isLinux = process.platform === "linux";
/** By thread. */
function priorities(): Map<string, number> {
  const found = new Map<string, number>();
  for (const id of readdirSync(`/proc/${process.pid}/task`)) {
    try {
      found.set(id, getPriority(Number(id)));
    } catch {
      // It has just ended.
    }
  }
  return found;
}

it("leaves the thread that serves calls alone", () => {
  const before = getPriority();
  giveWay();
  expect(getPriority()).toBe(before);
});

it.skipIf(!isLinux)("lowers the thread that asks for it", async () => {
  const before = priorities();
  // Node 20 starts threads from JavaScript only.
  const compiled = fileURLToPath(new URL("../../compiled/core/give-way.js", import.meta.url));
  const code = `import(${JSON.stringify(compiled)}).then(({ giveWay }) => {
    giveWay();
    const { parentPort } = require("node:worker_threads");
    parentPort.postMessage("done");
    parentPort.on("message", () => {});
  });`;
  const worker = new Worker(code, { eval: true });
  try {
    await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    const after = priorities();
    const lowered = [...after].filter(([id, priority]) => priority > (before.get(id) ?? getPriority()));
    expect(lowered.map(([, priority]) => priority)).toEqual([10]);
    expect(lowered[0]?.[0]).not.toBe(String(process.pid));
  } finally {
    await worker.terminate();
  }
});
