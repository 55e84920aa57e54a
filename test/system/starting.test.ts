// Headgate listens before its database answers: probes and callers are told that it starts.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { CommandProcess } from "../support/command-process.ts";
import { temporaryDirectory } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { listenOnOwnPort } from "../support/own-port.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A port on which something accepts connections and never says a word. */
async function silentPort(): Promise<number> {
  const server = createServer((socket) => closing.push(() => socket.destroy())).listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Of the tests' own: nobody else takes it in the meantime. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnOwnPort(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("while the database does not answer, readiness and calls say 503 starting; then the start fails with one line", async () => {
  const databasePort = await silentPort();
  const port = await freePort();
  const directory = await temporaryDirectory();
  closing.push(() => directory.remove());
  const headgate = new CommandProcess(["start", "--port", String(port), "--data-dir", directory.path], {
    cwd: directory.path,
    env: {
      HEADGATE_DATABASE_URL: `postgres://user:canary-password@127.0.0.1:${databasePort}/none`,
      HEADGATE_SECRET_KEY: "a-secret-key-of-more-than-32-characters",
    },
  });
  closing.push(() => headgate.destroy());
  const url = `http://127.0.0.1:${port}`;
  const readiness = await eventually(async () => {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    return answer === null ? null : { status: answer.status, body: (await answer.json()) as { status: string } };
  });
  expect(readiness).toMatchObject({ status: 503, body: { status: "starting" } });
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  const call = await fetch(`${url}/v1/models`, { headers: { authorization: "Bearer some-key-or-other" } });
  expect(call.status).toBe(503);
  expect(call.headers.get("retry-after")).not.toBeNull();
  expect(await call.json()).toMatchObject({ error: { code: "starting" } });

  expect(await headgate.exited).toBe(1);
  expect(headgate.err).not.toContain("canary-password");
});
