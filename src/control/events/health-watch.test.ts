// Changes that only time brings are noticed, while somebody wants to know.
import { expect, onTestFinished, test } from "vitest";
import { createFakeClock } from "../../../test/support/fake-clock.ts";
import { watchHealth } from "./health-watch.ts";

test("each change once, none while nobody wants to know, and no old one afterwards", async () => {
  const clock = createFakeClock();
  let conditions: [string, string][] = [];
  let [isWatched, looks, changes] = [false, 0, 0];
  const stop = watchHealth({
    clock,
    isWatched: () => isWatched,
    conditions: () => {
      looks++;
      return conditions;
    },
    onChange: () => void changes++,
  });
  onTestFinished(stop);
  conditions = [["dep_1", "benched"]];
  await clock.advance(5000);
  expect([looks, changes]).toEqual([0, 0]);
  isWatched = true;
  await clock.advance(3000);
  expect([looks, changes]).toEqual([3, 0]);
  for (const next of [[["dep_1", "trial"]], [["dep_2", "trial"]], [], [["dep_1", "resting"]]] as [string, string][][]) {
    conditions = next;
    const before = changes;
    await clock.advance(3000);
    expect(changes).toBe(before + 1);
  }
  stop();
  expect(clock.pending).toBe(0);
});
