// At most N in any window whatever its alignment, never stricter than one slot, and waits that are exact.
import fc from "fast-check";
import { expect, test } from "vitest";
import { SlidingWindow } from "./sliding-window.ts";

const startMs = 1_750_000_000_003;

/** The two windows that are used, and small ones whose ring is full and turns over within a run. */
const shapes = fc.constantFrom(
  { windowMs: 1000, slotMs: 1 },
  { windowMs: 60_000, slotMs: 10 },
  { windowMs: 40, slotMs: 10 },
  { windowMs: 12, slotMs: 1 },
);
/** Gaps between calls as parts of the window, so that runs cross it many times. */
const gaps = fc.array(
  fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.05, noNaN: true }), fc.double({ min: 0, max: 1.3, noNaN: true })),
  {
    maxLength: 150,
  },
);

function within(admittedAt: readonly number[], fromMs: number, toMs: number): number {
  return admittedAt.filter((atMs) => atMs >= fromMs && atMs < toMs).length;
}

test("no window of any alignment holds more than N, and none is refused that is one slot clear of it", () => {
  fc.assert(
    fc.property(shapes, fc.integer({ min: 1, max: 30 }), gaps, ({ windowMs, slotMs }, limit, steps) => {
      const window = new SlidingWindow(windowMs, slotMs);
      const admittedAt: number[] = [];
      let nowMs = startMs;
      for (const step of steps) {
        nowMs += Math.floor(step * windowMs);
        const counted = within(admittedAt, nowMs - windowMs - slotMs + 1, nowMs + 1);
        const admitted = window.tryTake(limit, nowMs);
        if (counted < limit) expect(admitted).toBe(true);
        if (admitted) admittedAt.push(nowMs);
        // Every window that holds too many holds them also when it begins with the first of them.
        if (admitted)
          for (const fromMs of admittedAt) expect(within(admittedAt, fromMs, fromMs + windowMs)).toBeLessThanOrEqual(limit);
      }
    }),
    { numRuns: 300 },
  );
});

test("a retry after exactly waitMs is admitted, and one a millisecond earlier is not", () => {
  fc.assert(
    fc.property(shapes, fc.integer({ min: 1, max: 30 }), gaps, ({ windowMs, slotMs }, limit, steps) => {
      const window = new SlidingWindow(windowMs, slotMs);
      let nowMs = startMs;
      for (const step of steps) {
        nowMs += Math.floor(step * windowMs);
        const waitMs = window.waitMs(limit, nowMs);
        expect(waitMs).toBeLessThanOrEqual(windowMs + slotMs);
        if (waitMs > 0) {
          expect(window.tryTake(limit, nowMs)).toBe(false);
          expect(window.tryTake(limit, nowMs + waitMs - 1)).toBe(false);
        }
        nowMs += waitMs;
        expect(window.tryTake(limit, nowMs)).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test("a limit that changes holds at once, and keeps what was counted", () => {
  const calls = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.double({ min: 0, max: 0.4, noNaN: true })), {
    maxLength: 150,
  });
  fc.assert(
    fc.property(shapes, calls, ({ windowMs, slotMs }, list) => {
      const window = new SlidingWindow(windowMs, slotMs);
      const admittedAt: number[] = [];
      let nowMs = startMs;
      for (const [limit, step] of list) {
        nowMs += Math.floor(step * windowMs);
        const slot = (atMs: number) => Math.floor(atMs / slotMs);
        const left = (atMs: number) => admittedAt.filter((taken) => slot(atMs) - slot(taken) <= windowMs / slotMs).length;
        const waitMs = window.waitMs(limit, nowMs);
        expect(waitMs === 0).toBe(left(nowMs) < limit);
        if (waitMs > 0) {
          expect(left(nowMs + waitMs)).toBeLessThan(limit);
          expect(left(nowMs + waitMs - 1)).toBeGreaterThanOrEqual(limit);
        }
        // Asked again, and for another limit in between: the same.
        window.waitMs(limit + 3, nowMs);
        expect(window.waitMs(limit, nowMs)).toBe(waitMs);
        const admitted = window.tryTake(limit, nowMs);
        expect(admitted).toBe(waitMs === 0);
        if (admitted) admittedAt.push(nowMs);
      }
    }),
    { numRuns: 300 },
  );
});

test("a clock that goes back by less than the window counts as standing still until it has caught up", () => {
  const jumps = fc.array(fc.integer({ min: -39, max: 60 }), { maxLength: 150 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), jumps, (limit, list) => {
      const window = new SlidingWindow(40, 10);
      window.isEmpty(startMs);
      // The latest time that the clock had shown at each admission.
      const admittedAt: number[] = [];
      let latestMs = startMs;
      for (const jumpMs of list) {
        let nowMs = latestMs + jumpMs;
        latestMs = Math.max(latestMs, nowMs);
        const waitMs = window.waitMs(limit, nowMs);
        if (waitMs > 0) {
          expect(window.tryTake(limit, nowMs)).toBe(false);
          expect(window.tryTake(limit, nowMs + waitMs - 1)).toBe(false);
        }
        nowMs += waitMs;
        latestMs = Math.max(latestMs, nowMs);
        expect(window.tryTake(limit, nowMs)).toBe(true);
        admittedAt.push(latestMs);
        for (const fromMs of admittedAt) expect(within(admittedAt, fromMs, fromMs + 40)).toBeLessThanOrEqual(limit);
      }
    }),
    { numRuns: 500 },
  );
});

test("a clock that is set back by an hour takes its counts with it: full stays full, and is free a window later", () => {
  const window = new SlidingWindow(60_000, 10);
  for (let taken = 0; taken < 5; taken++) expect(window.tryTake(5, 10_000_000 + taken * 1000)).toBe(true);
  expect(window.waitMs(5, 10_004_000)).toBe(56_010);
  const backMs = 10_004_000 - 3_600_000;
  expect(window.tryTake(5, backMs)).toBe(false);
  // The first was 4 s old.
  expect(window.waitMs(5, backMs)).toBe(56_010);
  expect(window.tryTake(5, backMs + 56_010)).toBe(true);
  expect(window.isEmpty(backMs + 56_010 + 60_000)).toBe(false);
  expect(window.isEmpty(backMs + 56_010 + 60_010)).toBe(true);
});

test("a million in a minute, all in one slot or spread over all of them, are counted to the last", () => {
  const limit = 1_000_000;
  for (const stepEvery of [limit, 160, 167]) {
    const window = new SlidingWindow(60_000, 10);
    let nowMs = startMs;
    for (let taken = 0; taken < limit; taken++) {
      if (taken % stepEvery === stepEvery - 1) nowMs += 10;
      if (!window.tryTake(limit, nowMs)) throw new Error(`refused after ${taken}`);
    }
    // 160 a slot fill 6,250 slots: the first 250 have left by now.
    const hasRoom = stepEvery === 160;
    expect(window.tryTake(limit, nowMs)).toBe(hasRoom);
    expect(window.emptyAtMs).toBe(Math.floor(nowMs / 10) * 10 + 60_010);
    expect(window.isEmpty(window.emptyAtMs - 1)).toBe(false);
    expect(window.isEmpty(window.emptyAtMs)).toBe(true);
    expect(window.emptyAtMs).toBe(0);
  }
});
