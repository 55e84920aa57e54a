// A clock that moves only when the test says so.
import type { Clock, Timer } from "../../src/core/clock.ts";

export interface FakeClock extends Clock {
  /** Moves time on by `ms`; timers that fall due run in order, each at its own time, with pending promises settled in between. */
  advance(ms: number): Promise<void>;
  /** Timers that have not run and were not cancelled. */
  readonly pending: number;
}

/** Starts at `startMs`, by default 2025-01-01T00:00:00Z. */
export function createFakeClock(startMs = Date.UTC(2025, 0, 1)): FakeClock {
  let now = startMs;
  const timers = new Set<{ atMs: number; callback: () => void }>();

  function nextUntil(endMs: number) {
    const due = [...timers].filter(({ atMs }) => atMs <= endMs);
    return due.sort((a, b) => a.atMs - b.atMs)[0];
  }

  return {
    nowMs: () => now,
    after(delayMs, callback): Timer {
      const timer = { atMs: now + delayMs, callback };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    async advance(ms) {
      const endMs = now + ms;
      for (let timer = nextUntil(endMs); timer !== undefined; timer = nextUntil(endMs)) {
        timers.delete(timer);
        now = Math.max(now, timer.atMs);
        timer.callback();
        await new Promise(setImmediate);
      }
      now = endMs;
      await new Promise(setImmediate);
    },
    get pending() {
      return timers.size;
    },
  };
}
