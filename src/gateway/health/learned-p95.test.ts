// What hedging may rely on: how long 19 of 20 first bytes take.
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../test/support/random.ts";
import { LearnedP95 } from "./learned-p95.ts";

describe("LearnedP95", () => {
  test("says nothing before twenty samples", () => {
    const learned = new LearnedP95();
    for (let sample = 0; sample < 19; sample++) {
      learned.add(100, 0);
      expect(learned.p95Ms(0)).toBeNull();
    }
    learned.add(100, 0);
    expect(learned.p95Ms(0)).not.toBeNull();
  });

  test.each([1, 2, 3, 4, 5])("is never below the true value and at most a quarter above it (seed %i)", (seed) => {
    const random = seededRandom(seed);
    const learned = new LearnedP95();
    const samples = Array.from({ length: 500 }, () => 5 * 2000 ** random());
    for (const sample of samples) learned.add(sample, 0);
    const truth = samples.sort((a, b) => a - b)[Math.ceil(0.95 * samples.length) - 1] as number;
    expect(learned.p95Ms(0)).toBeGreaterThanOrEqual(truth);
    expect(learned.p95Ms(0)).toBeLessThanOrEqual(truth * 1.25);
  });

  test("one in twenty slow answers does not move it, two in twenty do", () => {
    const learned = new LearnedP95();
    for (let sample = 0; sample < 95; sample++) learned.add(10, 0);
    for (let sample = 0; sample < 5; sample++) learned.add(5000, 0);
    expect(learned.p95Ms(0)).toBeLessThan(13);
    for (let sample = 0; sample < 5; sample++) learned.add(5000, 0);
    expect(learned.p95Ms(0)).toBeGreaterThanOrEqual(5000);
  });

  test("samples count for one to two minutes, then no more", () => {
    const learned = new LearnedP95();
    for (let sample = 0; sample < 50; sample++) learned.add(100, 1000);
    expect(learned.p95Ms(62_000)).not.toBeNull();
    for (let sample = 0; sample < 50; sample++) learned.add(1000, 62_000);
    expect(learned.p95Ms(62_000)).toBeGreaterThanOrEqual(1000);
    expect(learned.p95Ms(123_000)).toBeGreaterThanOrEqual(1000);
    expect(learned.p95Ms(190_000)).toBeNull();
  });

  test("after a long silence nothing old is left", () => {
    const learned = new LearnedP95();
    for (let sample = 0; sample < 50; sample++) learned.add(100, 0);
    expect(learned.p95Ms(3_600_000)).toBeNull();
    learned.add(100, 3_600_000);
    expect(learned.p95Ms(3_600_000)).toBeNull();
  });
});
