// What happens often is told now and then, and the last of it always.
import { expect, test } from "vitest";
import { createFakeClock } from "../../../test/support/fake-clock.ts";
import { atMostEvery } from "./at-most-every.ts";

test("the first at once, then one each time, and the last is never lost", async () => {
  const clock = createFakeClock();
  const startMs = clock.nowMs();
  const toldAtMs: number[] = [];
  const happened = atMostEvery(1000, clock, () => void toldAtMs.push(clock.nowMs() - startMs));
  for (let i = 0; i < 25; i++) {
    happened();
    await clock.advance(100);
  }
  await clock.advance(10_000);
  expect(toldAtMs).toEqual([0, 1000, 2000, 3000]);
  happened();
  expect(toldAtMs.at(-1)).toBe(12_500);
  await clock.advance(10_000);
  expect(toldAtMs).toHaveLength(5);
});
