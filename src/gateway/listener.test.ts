// The listening socket goes without anybody noticing: what is under way is answered in full, and what comes meanwhile too.
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import type { RawConnection } from "../../test/support/raw-http/raw-connection.ts";
import { rawConnect, rawRequestBytes } from "../../test/support/raw-http.ts";
import type { Gateway } from "./gateway.ts";
import { Listener } from "./listener.ts";
import { TurnQueue } from "./load/turn-queue.ts";

/** Undone after the test, last first. */
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const large = Buffer.alloc(64 * 1024 * 1024, "x");

/** `/wait` is answered when the test says so, `/large` at once with more than any buffer of the system takes. */
async function start(idleGraceMs: number) {
  const waiting: ServerResponse[] = [];
  const handle = (req: IncomingMessage, res: ServerResponse) => {
    if (req.url === "/wait") waiting.push(res);
    else if (req.url === "/stream") waiting.push(res.writeHead(200)) && res.write("begun,");
    else res.end(req.url === "/large" ? large : "done");
  };
  const gateway = { handle, bodyTimedOut: () => false, turns: new TurnQueue() } as unknown as Gateway;
  const options = { host: "127.0.0.1", port: 0, gateway, sideHandlers: [], corsOrigins: [], requestTimeoutMs: 5000 };
  const listener = new Listener({ ...options, idleGraceMs });
  const url = `http://127.0.0.1:${await listener.listen()}`;
  cleanUps.push(() => listener.close(true));
  return { listener, url, waiting };
}

async function connect(url: string): Promise<RawConnection> {
  const connection = await rawConnect(url);
  cleanUps.push(() => connection.destroy());
  return connection;
}

async function ask(url: string, connection: RawConnection, target: string, bytesOf: (url: string, target: string) => Buffer) {
  connection.send(bytesOf(url, target));
  return (await connection.response()).done();
}

describe.each([
  { whose: "node:http's", bytesOf: (url: string, target: string) => rawRequestBytes(url, { target }) },
  { whose: "plain calls", bytesOf: (url: string, target: string) => rawRequestBytes(url, { method: "POST", target, body: {} }) },
])("requests that are $whose", ({ bytesOf }) => {
  test("what is under way is answered, and its connection ends with that", async () => {
    const { listener, url, waiting } = await start(50);
    const [one, two] = [await connect(url), await connect(url)];
    for (const [connection, target] of [
      [one, "/wait"],
      [two, "/stream"],
    ] as const) {
      connection.send(bytesOf(url, target));
    }
    const [answer, stream] = [one.expect(), two.expect()];
    await eventually(async () => waiting.length === 2);
    const closed = listener.close(false);
    await listener.retire();
    for (const res of waiting) res.end("finished");
    await Promise.all([answer.done(), stream.done(), one.closed, two.closed, closed]);
    expect([answer.text, answer.headers.connection, answer.ended]).toEqual(["finished", "close", "complete"]);
    expect([stream.text, stream.ended]).toEqual(["begun,finished", "complete"]);
    expect([one.error, two.error]).toEqual([null, null]);
  });

  test("connections that wait, old and new, have one more request answered", async () => {
    const { listener, url } = await start(5000);
    const [old, fresh] = [await connect(url), await connect(url)];
    expect((await ask(url, old, "/", bytesOf)).headers.connection).toBe("keep-alive");
    const retired = listener.retire();
    for (const connection of [old, fresh]) {
      const { text, headers } = await ask(url, connection, "/", bytesOf);
      expect([text, headers.connection]).toEqual(["done", "close"]);
      await connection.closed;
    }
    // Long before the time is over: nothing is left to wait for.
    await retired;
  });

  test("connections that stay idle are closed after a while, without an error", async () => {
    const { listener, url } = await start(50);
    const [old, fresh] = [await connect(url), await connect(url)];
    await ask(url, old, "/", bytesOf);
    await listener.close(false);
    await Promise.all([old.closed, fresh.closed]);
    expect([old.error, fresh.error]).toEqual([null, null]);
  });

  test("nobody new is let in", async () => {
    const { listener, url, waiting } = await start(5000);
    const connection = await connect(url);
    connection.send(bytesOf(url, "/wait"));
    await eventually(async () => waiting.length === 1);
    void listener.retire();
    await expect(connect(url)).rejects.toThrow("ECONNREFUSED");
  });

  test("an answer that its caller reads slowly is not cut", async () => {
    const { listener, url } = await start(50);
    const connection = await connect(url);
    connection.send(bytesOf(url, "/large"));
    const response = await connection.response();
    connection.pause();
    const closed = listener.close(false);
    await listener.retire();
    connection.resume();
    await response.done(30_000);
    expect([response.ended, response.body.length]).toEqual(["complete", large.length]);
    await Promise.all([closed, connection.closed]);
  });

  test("whoever is in a hurry cuts what is left", async () => {
    const { listener, url, waiting } = await start(5000);
    const connection = await connect(url);
    connection.send(bytesOf(url, "/wait"));
    await eventually(async () => waiting.length === 1);
    const closed = listener.close(false);
    await listener.close(true);
    await Promise.all([closed, connection.closed]);
  });
});

test("one that could not listen closes at once", async () => {
  const { url } = await start(50);
  const options = { gateway: {} as Gateway, sideHandlers: [], corsOrigins: [], requestTimeoutMs: 5000 };
  const second = new Listener({ ...options, host: "127.0.0.1", port: Number(new URL(url).port) });
  await expect(second.listen()).rejects.toThrow("EADDRINUSE");
  await second.close(true);
  await second.close(false);
});
