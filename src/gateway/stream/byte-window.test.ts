// The window holds exactly the last bytes, whatever the pieces.
import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteWindow } from "./byte-window.ts";

test("holds exactly the last bytes, whatever the pieces", () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  const piece = fc.oneof(bytes, fc.record({ lent: bytes }), fc.constant("clear" as const));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(piece, { maxLength: 30 }), (limit, pieces) => {
      const window = new ByteWindow(limit);
      const lent: { held: Buffer; as: Uint8Array }[] = [];
      let all = Buffer.alloc(0);
      for (const one of pieces) {
        if (one === "clear") {
          window.clear();
          all = Buffer.alloc(0);
        } else if ("lent" in one) {
          const held = Buffer.from(one.lent);
          window.hold(held);
          lent.push({ held, as: one.lent });
          all = Buffer.concat([all, one.lent]);
        } else {
          window.append(Buffer.concat([Buffer.from("xx"), one, Buffer.from("y")]), 2, 2 + one.length);
          all = Buffer.concat([all, one]);
        }
        expect(window.total).toBe(all.length);
        expect(window.bytes().equals(all.subarray(Math.max(0, all.length - limit)))).toBe(true);
        // What was lent is never written to.
        for (const { held, as } of lent) expect(held.equals(as)).toBe(true);
      }
    }),
  );
});
