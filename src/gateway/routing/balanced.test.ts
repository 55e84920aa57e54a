// `balanced` prefers the quicker and the less loaded of two, and lets noise be noise.
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../test/support/random.ts";
import { balanced } from "./balanced.ts";
import { candidate, load } from "./fixtures/candidate.ts";
import type { Candidate } from "./strategy.ts";

const draws = 4000;

/** The share of the first candidate in many picks among loads that stand still. */
function shareOfFirst(candidates: readonly Candidate[]): number {
  const random = seededRandom(7);
  let count = 0;
  for (let index = 0; index < draws; index++) {
    const pick = balanced(candidates, { nowMs: 0, random, session: () => null });
    if (pick.candidate === candidates[0]) count++;
  }
  return count / draws;
}

const pair = (first: Candidate["load"], second: Candidate["load"], weights = [1, 1]) => [
  candidate({ id: "a", weight: weights[0] ?? 1 }, first),
  candidate({ id: "b", weight: weights[1] ?? 1 }, second),
];

describe("two deployments", () => {
  test("share by weight while their costs are within the tolerance", () => {
    expect(shareOfFirst(pair(load(0, 130), load(0, 100)))).toBeCloseTo(0.5, 1);
    expect(shareOfFirst(pair(load(0, 0.2), load(0, 1)))).toBeCloseTo(0.5, 1);
    expect(shareOfFirst(pair(load(10, 100), load(11, 100)))).toBeCloseTo(0.5, 1);
    expect(shareOfFirst(pair(load(0, 100), load(0, 100), [90, 10]))).toBeCloseTo(0.9, 1);
    expect(shareOfFirst(pair(load(90, 100), load(10, 100), [90, 10]))).toBeCloseTo(0.9, 1);
  });

  test("a latency that is unknown is taken to be the other's", () => {
    expect(shareOfFirst(pair(load(0, null), load(0, 5000)))).toBeCloseTo(0.5, 1);
    expect(shareOfFirst(pair(load(0, null), load(0, null)))).toBeCloseTo(0.5, 1);
    expect(shareOfFirst(pair(load(30, null), load(0, 5000)))).toBeLessThan(0.05);
  });

  test("the slower one gets little, the more the slower", () => {
    const tenTimes = shareOfFirst(pair(load(0, 1000), load(0, 100)));
    expect(tenTimes).toBeGreaterThan(0.001);
    expect(tenTimes).toBeLessThan(0.05);
    expect(shareOfFirst(pair(load(0, 300), load(0, 100)))).toBeLessThan(0.25);
    // The greater weight does not save it.
    expect(shareOfFirst(pair(load(0, 1000), load(0, 100), [90, 10]))).toBeLessThan(0.1);
  });

  test("an idle one is tried now and then however slow it was; one that has an attempt under way is not", () => {
    expect(shareOfFirst(pair(load(0, 600_000), load(0, 10)))).toBeGreaterThan(0.002);
    expect(shareOfFirst(pair(load(1, 600_000), load(0, 10)))).toBe(0);
  });

  test("the more loaded one gets little, by its weight", () => {
    expect(shareOfFirst(pair(load(50, 100), load(5, 100)))).toBeLessThan(0.1);
    expect(shareOfFirst(pair(load(50, 100), load(5, 100), [10, 1]))).toBeGreaterThan(0.8);
  });
});

test("weight 0 is used only when no candidate has more, and then all are equal", () => {
  expect(shareOfFirst(pair(load(0, 1), load(100, 5000), [0, 1]))).toBe(0);
  expect(shareOfFirst(pair(load(0, 100), load(0, 100), [0, 0]))).toBeCloseTo(0.5, 1);
  const one = candidate({ id: "a", weight: 0 });
  expect(balanced([one], { nowMs: 0, random: () => 0, session: () => null }).candidate).toBe(one);
});

test("any random number from 0 up to 1 finds a candidate, and the reason is said", () => {
  const candidates = ["a", "b", "c"].map((id) => candidate({ id, weight: 0.1 }));
  for (const number of [0, 0.333_333_333_333_333_3, 1 - 2 ** -53]) {
    const pick = balanced(candidates, { nowMs: 0, random: () => number, session: () => null });
    expect(candidates).toContain(pick.candidate);
    expect(pick.why).toBe("balanced: drawn from 3");
  }
  const quicker = balanced(pair(load(3, 1000), load(0, 10)), { nowMs: 0, random: () => 0.49, session: () => null });
  expect(quicker.why).toBe("balanced: less loaded or quicker of 2 of 2");
});
