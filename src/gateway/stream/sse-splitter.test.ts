// Events come out as the standard reads them, their ranges cover the stream, and cuts change nothing.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Cuts, cutBytes, cuts } from "../body/fixtures/cut-bytes.ts";
import { sseBytes } from "./fixtures/sse-bytes.arbitrary.ts";
import { SseSplitter } from "./sse-splitter.ts";

interface Seen {
  name: string | null;
  data: string | null;
  start: number;
  end: number;
  bytes: string;
  commentOnly: boolean;
  oversized: boolean;
  terminated: boolean;
}

function split(stream: Buffer | string, where: Cuts = []): Seen[] {
  const seen: Seen[] = [];
  const splitter = new SseSplitter((event) => {
    const { start, end, name, data, commentOnly, oversized, terminated, bytes } = event;
    seen.push({
      name,
      data: data?.toString("latin1") ?? null,
      start,
      end,
      bytes: bytes.toString("latin1"),
      commentOnly,
      oversized,
      terminated,
    });
  });
  for (const chunk of cutBytes(Buffer.from(stream), where)) splitter.push(chunk);
  splitter.end();
  return seen;
}

/** The standard's own algorithm, line by line, without ranges. */
function dispatched(stream: Buffer): { name: string | null; data: string }[] {
  const text = stream.toString("latin1").replace(/^\u00ef\u00bb\u00bf/, "");
  const lines = text.split(/\r\n|\n|\r/);
  lines.pop();
  const events: { name: string | null; data: string }[] = [];
  let data: string[] = [];
  let name = "";
  for (const line of lines) {
    if (line === "") {
      if (data.length > 0) events.push({ name: name === "" ? null : name, data: data.join("\n") });
      data = [];
      name = "";
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") name = Buffer.from(value, "latin1").toString();
  }
  return events;
}

describe("SseSplitter", () => {
  test("finds the events that the standard dispatches, however the stream is cut", () => {
    fc.assert(
      fc.property(sseBytes, cuts, (stream, where) => {
        const found = split(stream, where).filter((event) => event.terminated && !event.commentOnly);
        expect(found.map(({ name, data }) => ({ name, data }))).toEqual(dispatched(stream));
      }),
      { numRuns: 3000 },
    );
  });

  test("reports ranges that cover the stream without gap, the same for every cut", () => {
    fc.assert(
      fc.property(sseBytes, cuts, (stream, where) => {
        const events = split(stream, where);
        expect(events).toEqual(split(stream));
        let position = 0;
        for (const event of events) {
          expect(event.start).toBe(position);
          expect(event.bytes).toBe(stream.toString("latin1", event.start, event.end));
          position = event.end;
        }
        expect(position).toBe(stream.length);
      }),
      { numRuns: 2000 },
    );
  });

  test("an event comes with the chunk that completes it, not later", () => {
    const ends: number[] = [];
    const splitter = new SseSplitter((event) => ends.push(event.end));
    const events = "data: one\n\ndata: two\r\n\r\n";
    for (let at = 0; at < events.length; at++) {
      splitter.push(Buffer.from(events[at] as string));
      expect(ends).toEqual(at < 10 ? [] : at < 23 ? [11] : [11, 24]);
    }
    expect(splitter.heldBytes).toBe(0);
    expect(splitter.eventStart).toBe(24);
  });

  test("comments, stray blank lines and names without data are not events to a reader", () => {
    const seen = split(": keep-alive\n\n\nevent: x\n\nid: 1\n\ndata\n\nretry: 5\ndata:\n\n");
    expect(seen.map(({ commentOnly, data }) => [commentOnly, data])).toEqual([
      [true, null],
      [true, null],
      [true, null],
      [true, null],
      [false, ""],
      [false, ""],
    ]);
  });

  test("an event of more than 1 MB is reported without its data, with its name, wherever it is cut", () => {
    const large = `event: response.completed\ndata: ${"x".repeat(1_100_000)}{"usage":1}\n\n`;
    const stream = `data: a\n\n${large}data: b\n\n`;
    for (const where of [[], [3, 20, 500_000, 1_050_000], [9, 10, 11, 1_048_586, 1_048_587]]) {
      const seen = split(stream, where);
      expect(seen.map(({ name, data, oversized, commentOnly }) => ({ name, data, oversized, commentOnly }))).toEqual([
        { name: null, data: "a", oversized: false, commentOnly: false },
        { name: "response.completed", data: null, oversized: true, commentOnly: false },
        { name: null, data: "b", oversized: false, commentOnly: false },
      ]);
      expect(seen[1]).toMatchObject({ start: 9, end: 9 + large.length });
      expect(seen[1]?.bytes).toBe(large.slice(-1024 * 1024));
    }
  });

  test("a stream of one-byte chunks or of tiny lines takes linear time", { timeout: 120_000 }, () => {
    // The processor's time: a busy machine may take any other.
    const before = process.cpuUsage();
    split(`data: ${"x".repeat(1_000_000)}\n\n`, "everywhere");
    split(`${"data:\n".repeat(150_000)}\n`);
    split(`${"data:\r".repeat(150_000)}\r`);
    split("\r".repeat(500_000));
    // Quadratic, these would be minutes.
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(15_000);
  });
});
