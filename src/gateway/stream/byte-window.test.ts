// The window holds exactly the last bytes, whatever the pieces.
import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteWindow } from "./byte-window.ts";

test("holds exactly the last bytes, whatever the pieces", () => {
  const piece = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant("clear" as const));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(piece, { maxLength: 30 }), (limit, pieces) => {
      const window = new ByteWindow(limit);
      let all = Buffer.alloc(0);
      for (const one of pieces) {
        if (one === "clear") {
          window.clear();
          all = Buffer.alloc(0);
        } else {
          window.append(Buffer.concat([Buffer.from("xx"), one, Buffer.from("y")]), 2, 2 + one.length);
          all = Buffer.concat([all, one]);
        }
        expect(window.total).toBe(all.length);
        expect(window.bytes().equals(all.subarray(Math.max(0, all.length - limit)))).toBe(true);
      }
    }),
  );
});
