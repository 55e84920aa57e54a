// Quantiles read from a histogram are those of the durations counted, off by at most an eighth.
import fc from "fast-check";
import { expect, test } from "vitest";
import { histogramBucket, histogramQuantileMs } from "./histogram.ts";

test("a quantile is off by at most 12.5 % from that of the durations themselves", () => {
  const durations = fc.array(fc.integer({ min: 1, max: 10_000_000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(durations, fc.constantFrom(0, 0.5, 0.95, 1), (all, quantile) => {
      const counts = new Map<number, number>();
      for (const ms of all) counts.set(histogramBucket(ms), (counts.get(histogramBucket(ms)) ?? 0) + 1);
      const exact = all.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(all.length * quantile)) - 1] as number;
      const read = histogramQuantileMs(counts, quantile) as number;
      expect(Math.abs(read - exact)).toBeLessThanOrEqual(exact * 0.125 + 1e-6);
    }),
  );
});

test("of nothing there is none", () => {
  expect(histogramQuantileMs(new Map(), 0.5)).toBeNull();
});
