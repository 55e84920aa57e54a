// The machine's own clock, which a test can put forward: what has a date grows old at once, and timers run as ever.
import { type Clock, systemClock, type Timer } from "../../src/core/clock.ts";

export class ShiftedClock implements Clock {
  #aheadMs = 0;

  nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return systemClock.after(delayMs, callback);
  }

  forward(ms: number): void {
    this.#aheadMs += ms;
  }
}
