// What a caller makes a connection wait for is bounded, whoever reads it: the time for a request, and the bytes that nobody takes.
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { answerEnd, type ListenerUnderTest, openListener } from "./fixtures/both-listeners.ts";
import { talk } from "./fixtures/talk.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const head = (target: string, length: number) =>
  `POST ${target} HTTP/1.1\r\nHost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;

describe.each([
  { reader: "a plain connection", isPlain: true },
  { reader: "node:http", isPlain: false },
])("read by $reader", ({ isPlain }) => {
  async function open(requestTimeoutMs: number): Promise<ListenerUnderTest> {
    const under = await openListener(isPlain, { requestTimeoutMs });
    cleanUps.push(() => under.listener.close(true));
    return under;
  }

  it("a connection that brings nothing is told so, and closed", async () => {
    const { port } = await open(300);
    const { answers } = await talk(port, ["CLOSED"]);
    expect(answers).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n.*"code":"body_timeout"/s);
  });

  it("a body that does not come is not waited for", async () => {
    const { port, plainCount } = await open(300);
    const { answers } = await talk(port, [head("/", 10), "{}", "CLOSED"]);
    expect(answers).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n.*"code":"body_timeout"/s);
    expect(plainCount()).toBe(isPlain ? 1 : 0);
  });

  it("one that stalls behind its answer closes the connection", async () => {
    const { port } = await open(300);
    const { answers } = await talk(port, [head("/early", 10), { answers: 1 }, "{}", "CLOSED"]);
    expect(answers.split(answerEnd)).toHaveLength(2);
  });

  it("an answer may take its time", async () => {
    const under = await open(200);
    const talked = talk(under.port, [head("/wait", 2), "{}", { answers: 1 }]);
    await eventually(async () => under.waiting !== null);
    await new Promise((resolve) => setTimeout(resolve, 500));
    under.waiting?.writeHead(200, ["content-length", String(answerEnd.length)]);
    under.waiting?.end(answerEnd);
    expect((await talked).answers).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  });

  it("a body that nobody reads stays with its caller", async () => {
    const { port } = await open(20_000);
    const socket = connect({ port, host: "127.0.0.1" });
    cleanUps.push(() => socket.destroy());
    await once(socket, "connect");
    const whole = 256 * 1024 * 1024;
    socket.write(head("/never", whole));
    const piece = Buffer.alloc(1024 * 1024);
    let sent = 0;
    const write = () => {
      while (sent < whole && socket.write(piece)) sent += piece.length;
      sent += piece.length;
    };
    socket.on("drain", write);
    write();
    await comesToRest(() => sent);
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it.runIf(isPlain)("what comes behind a call that is not answered stays with its caller", async () => {
    const { port } = await open(20_000);
    const socket = connect({ port, host: "127.0.0.1" });
    cleanUps.push(() => socket.destroy());
    await once(socket, "connect");
    socket.write(`${head("/wait", 2)}{}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const piece = Buffer.from(`${head("/wait", 1_000_000)}${" ".repeat(1_000_000)}`);
    let sent = 0;
    for (; sent < 100 && socket.write(piece, () => undefined); sent++);
    socket.on("drain", () => {
      while (sent++ < 100 && socket.write(piece));
    });
    await comesToRest(() => sent);
    expect(sent).toBeLessThan(64);
  });
});

/** Nothing more is taken. */
async function comesToRest(count: () => number): Promise<void> {
  let before = -1;
  await eventually(async () => {
    if (count() === before) return true;
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 200));
    return false;
  });
}
