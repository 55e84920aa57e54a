// Headers of requests are read as node:http reads them, whatever callers send and however often.
import { createServer, IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CallerMessage } from "./caller-message.ts";

type Seen = { headers: NodeJS.Dict<string | string[]>; rawHeaders: string[] };

/** A server that tells what it reads, with messages of `kind`. */
async function start(kind: typeof IncomingMessage) {
  const seen: Seen[] = [];
  const server: Server = createServer({ IncomingMessage: kind }, ({ headers, rawHeaders }, res) => {
    seen.push({ headers, rawHeaders });
    res.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const read = (lines: readonly string[]): Promise<Seen> =>
    new Promise((resolve, reject) => {
      const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
      socket.on("error", reject);
      socket.on("close", () => resolve(seen.pop() as Seen));
      socket.resume();
      socket.write(
        `GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`,
        "latin1",
      );
    });
  return { read, close: () => server.close() };
}

const names = [
  "Accept",
  "authorization",
  "AUTHORIZATION",
  "Content-Type",
  "cookie",
  "Cookie",
  "set-cookie",
  "Set-Cookie",
  "x-stainless-os",
  "X-Stainless-OS",
  "user-agent",
  "__proto__",
  "constructor",
  "toString",
  "x-forwarded-for",
  "via",
  "age",
  `x-${"long".repeat(40)}`,
];

describe("a caller's headers", () => {
  let own: Awaited<ReturnType<typeof start>>;
  let nodes: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    own = await start(CallerMessage as typeof IncomingMessage);
    nodes = await start(IncomingMessage);
  });
  afterAll(() => {
    own.close();
    nodes.close();
  });

  test("are those that node:http reads, of any names, spelled in any way, any number of times", async () => {
    const line = fc
      .tuple(fc.constantFrom(...names), fc.constantFrom("", "a", "b, c", "\xe4"))
      .map(([name, value]) => `${name}: ${value}`);
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), async (lines) => {
        expect(await own.read(lines)).toEqual(await nodes.read(lines));
      }),
      { numRuns: 150 },
    );
  });

  test("are the same when their names have been seen before", async () => {
    const lines = ["X-Seen-Twice: 1", "x-seen-twice: 2", "Set-Cookie: a=b", "set-cookie: c=d", "Age: 1", "age: 2"];
    const first = await own.read(lines);
    expect(first.headers["x-seen-twice"]).toBe("1, 2");
    expect(first.headers["set-cookie"]).toEqual(["a=b", "c=d"]);
    expect(first.headers.age).toBe("1");
    expect(await own.read(lines)).toEqual(first);
    expect(await nodes.read(lines)).toEqual(first);
  });
});
