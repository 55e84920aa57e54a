// The count is that of the seconds up to now, whatever the gaps between calls.
import fc from "fast-check";
import { expect, test } from "vitest";
import { SlidingCount } from "./sliding-count.ts";

test("counts what was added in the window's seconds, and nothing older", () => {
  const gaps = fc.array(fc.oneof(fc.nat(900), fc.nat(3000), fc.nat(30_000)), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), gaps, (seconds, gapsMs) => {
      const count = new SlidingCount(seconds);
      const addedAt: number[] = [];
      let nowMs = 1_750_000_000_000;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        const oldest = Math.floor(nowMs / 1000) - seconds + 1;
        expect(count.total(nowMs)).toBe(addedAt.filter((atMs) => Math.floor(atMs / 1000) >= oldest).length);
        count.add(nowMs);
        addedAt.push(nowMs);
      }
    }),
  );
});

test("a clock that is set back neither stops the count for long nor makes it negative", () => {
  const count = new SlidingCount(10);
  for (let index = 0; index < 5; index++) count.add(100_000);
  expect(count.total(97_000)).toBe(5);
  count.add(97_000);
  expect(count.total(100_000)).toBe(6);
  expect(count.total(110_000)).toBe(0);

  count.add(110_000);
  // An hour back: counting begins anew there.
  expect(count.total(110_000 - 3_600_000)).toBe(0);
  count.add(110_000 - 3_600_000);
  expect(count.total(110_000 - 3_600_000 + 9000)).toBe(1);
  expect(count.total(110_000 - 3_600_000 + 10_000)).toBe(0);
});
