// The machine's own clock, which a test can put forward: what has a date grows old at once, and timers run as ever.
import { type Clock, systemClock, type Timer } from "../../src/core/clock.ts";

export class ShiftedClock implements Clock {
  #aheadMs = 0;
  #stillAtMs: number | null = null;

  nowMs(): number {
    return (this.#stillAtMs ?? Date.now()) + this.#aheadMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return systemClock.after(delayMs, callback);
  }

  forward(ms: number): void {
    this.#aheadMs += ms;
  }

  /** From now on it is `forward` alone that moves it: whatever a test does in between is done at once, on any machine. */
  standStill(): this {
    this.#stillAtMs ??= Date.now();
    return this;
  }

  /** Forward to half past noon of a 15th, UTC: no hour, day, week or month ends while a test runs. */
  forwardToMidMonth(): void {
    const now = new Date(this.nowMs());
    const at = (month: number) => Date.UTC(now.getUTCFullYear(), month, 15, 12, 30);
    const month = now.getUTCMonth();
    this.forward((at(month) > now.getTime() ? at(month) : at(month + 1)) - now.getTime());
  }
}
