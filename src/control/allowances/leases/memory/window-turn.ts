// One batch's ask of a sliding window.
import type { WindowAsk, WindowGrant } from "../lease-authority.ts";
import type { CountedWindow } from "./counted-window.ts";
import { isEarly, type Moment, type Turn } from "./turn.ts";

export class WindowTurn implements Turn {
  readonly #ask: WindowAsk;
  readonly #window: CountedWindow;
  readonly #moment: Moment;
  /** Where what calls need is counted: the answer is used until the batch's deadline. */
  readonly #slot: number;
  #taken = 0;

  constructor(ask: WindowAsk, window: CountedWindow, moment: Moment) {
    this.#ask = ask;
    this.#window = window;
    this.#moment = moment;
    const { nowMs, batch } = moment;
    this.#slot = window.slotOf(nowMs + batch.deadlineMs);
    window.moveTo(nowMs);
    for (const back of ask.givenBack) window.giveBack(back);
    for (const [ageMs, units] of ask.booked) window.add(window.slotOf(nowMs - ageMs), units);
  }

  get want(): number {
    return this.#ask.want;
  }

  left(): number {
    const { limit, own } = this.#ask;
    const left = limit - this.#window.total;
    if (!isEarly(this.#moment)) return left;
    return Math.min(left, Math.floor(limit / this.#moment.processes) - own - this.#taken);
  }

  take(amount: number): void {
    this.#window.add(this.#slot, amount);
    this.#taken += amount;
  }

  waitMs(amount: number): number {
    const { nowMs, earlyUntilMs } = this.#moment;
    return Math.max(this.#window.waitMs(amount, this.#ask.limit, nowMs), earlyUntilMs - nowMs, 0);
  }

  close(slice: number): WindowGrant {
    const { nowMs } = this.#moment;
    const sliceSlot = this.#window.slotOf(nowMs + this.#ask.lifeMs);
    this.#window.add(sliceSlot, slice);
    return {
      kind: "window",
      slice,
      sliceSlot,
      slot: this.#slot,
      total: this.#window.total,
      emptyInMs: this.#window.emptyInMs(nowMs),
    };
  }
}
