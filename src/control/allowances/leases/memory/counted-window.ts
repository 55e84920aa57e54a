// A sliding window of all processes together: units by the slot of time that they leave in.
import type { SlotUnits } from "../lease-authority.ts";
import type { Passing } from "./swept-map.ts";

export class CountedWindow implements Passing {
  readonly #windowMs: number;
  readonly #slotMs: number;
  readonly #units = new Map<number, number>();
  #total = 0;
  /** The first slot that has not left, and the last that something was ever in. */
  #head = Number.NEGATIVE_INFINITY;
  #tail = Number.NEGATIVE_INFINITY;
  /** What the last search found: it holds until something changes. -1: nothing. */
  #searchedUnits = -1;
  #leavesAtMs = 0;

  constructor({ windowMs, slotMs }: { windowMs: number; slotMs: number }) {
    this.#windowMs = windowMs;
    this.#slotMs = slotMs;
  }

  /** As of the last `moveTo`. */
  get total(): number {
    return this.#total;
  }

  /** When units leave that are used at `atMs` at the latest. */
  slotOf(atMs: number): number {
    return Math.floor((atMs + this.#windowMs) / this.#slotMs) + 1;
  }

  /** Lets go of what has left. `nowMs` never goes back. */
  moveTo(nowMs: number): void {
    const head = Math.floor(nowMs / this.#slotMs) + 1;
    if (head <= this.#head) return;
    if (head - this.#head < this.#units.size) {
      for (let slot = this.#head; slot < head; slot++) this.#drop(slot);
    } else {
      for (const slot of this.#units.keys()) if (slot < head) this.#drop(slot);
    }
    this.#head = head;
  }

  add(slot: number, units: number): void {
    if (units <= 0 || slot < this.#head) return;
    this.#units.set(slot, (this.#units.get(slot) ?? 0) + units);
    this.#tail = this.#total === 0 ? slot : Math.max(this.#tail, slot);
    this.#total += units;
    this.#searchedUnits = -1;
  }

  /** Never more than is counted in that slot. */
  giveBack([slot, units]: SlotUnits): void {
    const counted = this.#units.get(slot);
    if (counted === undefined) return;
    if (units >= counted) return this.#drop(slot);
    this.#units.set(slot, counted - units);
    this.#total -= units;
    this.#searchedUnits = -1;
  }

  /** Until `amount`, at most `limit`, fits below it, were nothing taken before. */
  waitMs(amount: number, limit: number, nowMs: number): number {
    if (amount > limit) return Number.POSITIVE_INFINITY;
    const units = this.#total + amount - limit;
    if (units <= 0) return 0;
    if (units !== this.#searchedUnits) {
      this.#leavesAtMs = this.#findLeaving(units) * this.#slotMs;
      this.#searchedUnits = units;
    }
    return this.#leavesAtMs - nowMs;
  }

  /** Until all of it has left, ms. */
  emptyInMs(nowMs: number): number {
    return this.#total > 0 ? Math.max(0, this.#tail * this.#slotMs - nowMs) : 0;
  }

  isOver(nowMs: number): boolean {
    return this.#total <= 0 || nowMs >= this.#tail * this.#slotMs;
  }

  /** The slot with which `units` have left. */
  #findLeaving(units: number): number {
    let left = units;
    for (let slot = this.#head; slot < this.#tail; slot++) {
      left -= this.#units.get(slot) ?? 0;
      if (left <= 0) return slot;
    }
    return this.#tail;
  }

  #drop(slot: number): void {
    this.#total -= this.#units.get(slot) ?? 0;
    this.#units.delete(slot);
    this.#searchedUnits = -1;
  }
}
