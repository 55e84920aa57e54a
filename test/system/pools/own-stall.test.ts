// A Headgate that stood still for a while (a machine that was paused, or has too much to do) does not blame its endpoints for it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { Caller, callMany, tally } from "../../support/caller.ts";
import { startHeadgate } from "../../support/headgate.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { addEndpoint, modelNamed } from "./pool.ts";

/** A process of its own, which goes on while this one stands still; it answers after 200 ms. */
const program = `
  const server = require("node:http").createServer((request, response) => {
    request.resume().on("end", () => setTimeout(() => response.end('{"choices": []}'), 200));
  });
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

async function startProviderProcess(): Promise<string> {
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    const exited = once(child, "exit");
    child.kill();
    await exited;
  });
  const [port] = await once(child.stdout, "data");
  return `http://127.0.0.1:${String(port).trim()}/v1`;
}

test("answers that came during the stall are passed on, and nobody is benched", async () => {
  const baseUrls = await Promise.all([startProviderProcess(), startProviderProcess()]);
  const headgate = await startHeadgate({ logLevel: "warn" });
  onTestFinished(() => headgate.stop());
  for (const [index, baseUrl] of baseUrls.entries()) {
    await addEndpoint(headgate, `e${index}`, baseUrl, ["m"], { timeouts: { first_byte: "2s" } });
  }
  const caller = new Caller(headgate.url, await headgate.createKey());
  onTestFinished(() => caller.close());
  await callMany(20, 10, () => caller.call("m"));

  const calls = callMany(40, 40, () => caller.call("m"));
  await new Promise((resolve) => setTimeout(resolve, 100));
  // Behind the reading of sockets and before the timers, as Node's event loop has it.
  await new Promise<void>((resolve) => {
    setImmediate(() => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
      resolve();
    });
  });
  expect(tally((await calls).map(({ status, attempts }) => `${status} after ${attempts}`))).toEqual({ "200 after 1": 40 });
  const { deployments } = await modelNamed(headgate, "m");
  expect(deployments.map(({ health }: LooseJson) => [health.status, health.cause])).toEqual(Array(2).fill(["healthy", null]));
});
