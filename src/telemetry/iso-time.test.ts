// The bytes are those of Date's own ISO form, whatever was asked for before.
import fc from "fast-check";
import { test } from "vitest";
import { IsoTime } from "./iso-time.ts";

test("every time is written as Date writes it", () => {
  const ms = fc.oneof(
    fc.integer({ min: 1_730_000_000_000, max: 1_730_000_003_000 }),
    fc.integer({ min: -8.64e15, max: 8.64e15 }),
  );
  fc.assert(
    fc.property(fc.array(ms), (times) => {
      const time = new IsoTime();
      return times.every((one) => Buffer.from(time.at(one)).toString() === new Date(one).toISOString());
    }),
  );
});
