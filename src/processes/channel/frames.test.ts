// Frames: what goes in comes out, however the stream is cut, and what is no frame is refused.
import { deserialize } from "node:v8";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameReader, frameOf } from "./frames.ts";

function readAll(chunks: Iterable<Buffer>, frameBytesMax = 1024 * 1024): unknown[] {
  const read: unknown[] = [];
  const reader = new FrameReader(frameBytesMax, (payload) => void read.push(deserialize(payload)));
  for (const chunk of chunks) reader.push(chunk);
  return read;
}

test("frames cut at any bytes are read in order, whole", () => {
  const values = fc.array(fc.oneof(fc.string(), fc.integer(), fc.uint8Array({ maxLength: 300 }), fc.constant(undefined)));
  fc.assert(
    fc.property(values, fc.array(fc.nat(), { maxLength: 40 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map((value) => frameOf(value)));
      const at = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b);
      const chunks = [0, ...at].map((from, index) => stream.subarray(from, at[index] ?? stream.length));
      expect(readAll(chunks)).toEqual(sent);
    }),
  );
});

test("a stream of single bytes is read", () => {
  const stream = Buffer.concat([frameOf("first"), frameOf({ second: [1, 2, 3] })]);
  expect(readAll(Array.from(stream, (byte) => Buffer.of(byte)))).toEqual(["first", { second: [1, 2, 3] }]);
});

test("what JSON loses survives", () => {
  const value = {
    map: new Map([["a", new Set([1, Number.POSITIVE_INFINITY])]]),
    bytes: Buffer.from("some bytes, at an odd place"),
    wide: new Float64Array([1.5, Number.NaN]),
    nothing: undefined,
    large: 2n ** 70n,
    date: new Date(5),
    text: "Grüße, 世界 🙂",
  };
  const [read] = readAll([frameOf(value)]) as [typeof value];
  expect(read).toEqual(value);
  expect("nothing" in read).toBe(true);
  expect(Buffer.isBuffer(read.bytes)).toBe(true);
});

test("bytes of a frame stay as they are when others follow", () => {
  const sent = Array.from({ length: 50 }, (_, index) => Buffer.alloc(20 + index, index));
  const stream = Buffer.concat(sent.map((value) => frameOf(value)));
  const chunks = Array.from({ length: Math.ceil(stream.length / 7) }, (_, index) => stream.subarray(index * 7, index * 7 + 7));
  expect(readAll(chunks)).toEqual(sent);
});

test("a frame that is longer than may be, or empty, is refused before any of it is kept", () => {
  const long = frameOf("x".repeat(100));
  expect(readAll([long], long.length - 4)).toHaveLength(1);
  expect(() => readAll([long.subarray(0, 4)], long.length - 5)).toThrow(/^a frame of \d+ bytes$/);
  expect(() => readAll([Buffer.alloc(4)])).toThrow("a frame of 0 bytes");
});
