// Events are read the same wherever the bytes of a stream are cut.
import { describe, expect, it } from "vitest";
import { readEvents, type ServerSentEvent } from "./sse-reader.ts";

function streamOf(chunks: readonly Uint8Array[], onCancel = () => {}): ReadableStream<Uint8Array> {
  const left = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const chunk = left.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: onCancel,
  });
}

async function eventsOf(chunks: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  for await (const event of readEvents(streamOf(chunks))) events.push(event);
  return events;
}

const text =
  ': hello\r\n\r\ndata: {"a":"naïve 模型 🙂"}\n\nevent: error\rdata:one\rdata: two\r\rid: 7\ndata\n\ndata:  spaced\r\n\r\ndata: [DONE]\n\n';
const bytes = new TextEncoder().encode(text);
const expected: ServerSentEvent[] = [
  { event: "message", data: '{"a":"naïve 模型 🙂"}' },
  { event: "error", data: "one\ntwo" },
  { event: "message", data: "" },
  { event: "message", data: " spaced" },
  { event: "message", data: "[DONE]" },
];

describe("reading server-sent events", () => {
  it("takes a stream in one piece, with every kind of line end", async () => {
    expect(await eventsOf([bytes])).toEqual(expected);
  });

  it("does not depend on where the stream is cut in two", async () => {
    for (let at = 1; at < bytes.length; at += 1) {
      expect(await eventsOf([bytes.subarray(0, at), bytes.subarray(at)]), `cut at byte ${at}`).toEqual(expected);
    }
  });

  it("takes a stream byte by byte", async () => {
    expect(await eventsOf(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  it("drops an event that the end of the stream has cut off", async () => {
    expect(await eventsOf([new TextEncoder().encode("data: whole\n\ndata: half")])).toEqual([
      { event: "message", data: "whole" },
    ]);
  });

  it("lets the stream go when nobody reads on", async () => {
    let isCancelled = false;
    const stream = streamOf([bytes, bytes], () => {
      isCancelled = true;
    });
    for await (const _ of readEvents(stream)) break;
    expect(isCancelled).toBe(true);
  });
});
