// What the estimate of a deployment's latency promises to routing.
import { describe, expect, test } from "vitest";
import { LatencyEstimate } from "./latency-estimate.ts";

/** An estimate that has seen `ms` once in each 100 ms from 0 to `untilMs`. */
function steady(ms: number, untilMs: number): LatencyEstimate {
  const estimate = new LatencyEstimate();
  for (let atMs = 0; atMs <= untilMs; atMs += 100) estimate.add(ms, atMs);
  return estimate;
}

describe("LatencyEstimate", () => {
  test("begins with the shortest of three samples, so that a slow first connection is forgotten; shows each of them before", () => {
    const estimate = new LatencyEstimate();
    expect(estimate.learnedMs).toBeNull();
    for (const [sampleMs, shownMs] of [
      [250, 250],
      [12, 12],
    ] as const) {
      expect(estimate.valueMs(10)).toBeNull();
      estimate.add(sampleMs, 10);
      expect(estimate.learnedMs).toBe(shownMs);
    }
    expect(estimate.valueMs(10)).toBeNull();
    estimate.add(20, 10);
    expect(estimate.valueMs(10)).toBe(12);
    expect(estimate.learnedMs).toBe(12);
  });

  test("one wild sample raises it threefold at most", () => {
    const estimate = steady(10, 1000);
    estimate.add(60_000, 1100);
    expect(estimate.valueMs(1100)).toBe(30);
  });

  test("a stall that delays a hundred answers at once counts as one event", () => {
    const estimate = steady(1, 1000);
    for (let sample = 0; sample < 100; sample++) estimate.add(500, 1500 + sample / 10);
    expect(estimate.valueMs(1510)).toBeLessThanOrEqual(3);
  });

  test("a lasting rise is fully taken over within a second", () => {
    const estimate = steady(10, 1000);
    for (let atMs = 1100; atMs <= 2000; atMs += 10) estimate.add(1000, atMs);
    expect(estimate.valueMs(2000)).toBe(1000);
  });

  test("shorter samples win over about ten seconds when they are few, sooner when they are many", () => {
    for (const [everyMs, from, to] of [
      [1000, 300, 450],
      [100, 9, 30],
      [10, 9, 11],
    ] as const) {
      const estimate = steady(1000, 1000);
      for (let atMs = 1000 + everyMs; atMs <= 11_000; atMs += everyMs) estimate.add(10, atMs);
      expect(estimate.learnedMs).toBeGreaterThan(from);
      expect(estimate.learnedMs).toBeLessThan(to);
    }
  });

  test("without samples it fades for choosing, but not for showing, and a sample brings it back", () => {
    const estimate = steady(1000, 1000);
    expect(estimate.valueMs(31_000)).toBeCloseTo(1000 / Math.E, 5);
    expect(estimate.learnedMs).toBe(1000);
    estimate.add(1000, 91_000);
    expect(estimate.valueMs(91_000)).toBe(1000);
  });

  test("answers within the clock's resolution don't freeze it", () => {
    const estimate = steady(0, 1000);
    for (let atMs = 2000; atMs < 4000; atMs += 100) estimate.add(100, atMs);
    expect(estimate.valueMs(4000)).toBeGreaterThan(90);
  });

  test("a clock that steps back does no harm", () => {
    const estimate = steady(100, 10_000);
    estimate.add(50, 2000);
    expect(estimate.valueMs(2000)).toBe(95);
    estimate.add(100, 10_100);
    expect(estimate.valueMs(10_100)).toBe(100);
  });
});
