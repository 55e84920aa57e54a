// The beginning of a body is copied and the rest counted, within memory that was reserved before.
import fc from "fast-check";
import { expect, test } from "vitest";
import { capturedBytesMax } from "../../domain/captured-bodies.ts";
import { CapturedBytes } from "./captured-bytes.ts";

test("it is the beginning of what came, however it came, in no more memory than was reserved", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(90_000), { maxLength: 12 }), (lengths) => {
      let reserved = 0;
      const captured = new CapturedBytes((bytes) => {
        reserved += bytes;
        return true;
      });
      const chunks = lengths.map((length, index) => Buffer.alloc(length, index + 1));
      for (const chunk of chunks) expect(captured.add(chunk)).toBe(true);
      const whole = Buffer.concat(chunks);
      expect(captured.length).toBe(whole.length);
      expect(captured.bytes.equals(whole.subarray(0, capturedBytesMax))).toBe(true);
      expect(captured.bytes.buffer.byteLength).toBe(reserved);
      expect(reserved).toBeLessThanOrEqual(capturedBytesMax);
    }),
    { numRuns: 50 },
  );
});

test("what is done to a chunk later does not show", () => {
  const captured = new CapturedBytes(() => true);
  const chunk = Buffer.from("as it was");
  captured.add(chunk);
  chunk.fill(0);
  expect(captured.bytes.toString()).toBe("as it was");
});

test("without memory nothing is taken, and it says so", () => {
  let left = 5000;
  const captured = new CapturedBytes((bytes) => {
    if (bytes > left) return false;
    left -= bytes;
    return true;
  });
  expect(captured.add(Buffer.alloc(4000))).toBe(true);
  expect(captured.add(Buffer.alloc(4000))).toBe(false);
  expect(captured.bytes.length).toBe(4000);
});
