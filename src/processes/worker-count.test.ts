// `auto` takes the cores there are, and neither more than help nor more than the memory holds.
import { expect, test } from "vitest";
import { coresOf, workersOf } from "./worker-count.ts";

const GiB = 2 ** 30;

test.each([
  [1, 8 * GiB, 0],
  [2, 8 * GiB, 2],
  [3, 8 * GiB, 3],
  [64, 256 * GiB, 4],
  // Containers: what a worker takes is there once more for the supervisor and control.
  [8, 1 * GiB, 4],
  [8, 0.75 * GiB, 3],
  [8, 0.5 * GiB, 0],
])("auto, with %i cores and %i bytes of memory: %i", (cores, memoryBytes, count) => {
  expect(workersOf("auto", { cores, memoryBytes })).toBe(count);
});

test("a number is what it says, whatever the machine is", () => {
  for (const count of [0, 1, 7]) expect(workersOf(count, { cores: 1, memoryBytes: 0 })).toBe(count);
});

test.each([
  ["max 100000\n", Number.POSITIVE_INFINITY],
  ["200000 100000\n", 2],
  ["250000 100000\n", 2],
  ["50000 100000\n", 1],
  ["", Number.POSITIVE_INFINITY],
])("a control group with %j may use %d cores", (text, cores) => {
  expect(coresOf(text)).toBe(cores);
});
