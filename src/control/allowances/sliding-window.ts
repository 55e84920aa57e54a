// How much was admitted in the last second or minute, requests or tokens: exact but for the slot that an admission falls into.

/** Rings that grew above this many slots are given back when the window has emptied. */
const keptCapacity = 64;

/**
 * Holds admissions to at most N in any window of `windowMs`, however it is aligned. An admission counts until `windowMs`
 * after the END of its slot: it never leaves too early, and at most one slot too late. Kept are the slots in which
 * something was admitted, `windowMs / slotMs + 1` at most, whatever N is. N is told with each call and may change
 * between them. Times and amounts are whole numbers, N is at least 1; sums are exact up to 2^53.
 *
 * A clock that is set back by less than the window stands still here until it has caught up; set back further, what
 * was counted moves back with it. Either way nothing that counted is forgotten.
 */
export class SlidingWindow {
  readonly #slotMs: number;
  /** For how many slots, its own included, an admission counts. */
  readonly #lifeSlots: number;
  /** Slot and count of each entry in turn, oldest at `#head`: one array, so that 100,000 windows stay small. */
  #ring: number[] = [];
  #capacity = 0;
  #head = 0;
  #length = 0;
  #total = 0;
  /** The latest slot that a call was made in. */
  #slot = Number.NEGATIVE_INFINITY;
  /** How many slots the clock has gone back in all: what `take` returns stays good. */
  #shifted = 0;
  /** What the last search found: it holds until something is counted. -1: nothing. */
  #searchedRoom = -1;
  #leavingSlot = 0;

  /** `windowMs` is a multiple of `slotMs`. */
  constructor(windowMs: number, slotMs: number) {
    this.#slotMs = slotMs;
    this.#lifeSlots = windowMs / slotMs + 1;
  }

  /** Counts one request if fewer than `limit` count at the moment. */
  tryTake(limit: number, nowMs: number): boolean {
    this.#moveTo(nowMs);
    if (this.#total >= limit) return false;
    this.take(nowMs);
    return true;
  }

  /** What counts at the moment. */
  total(nowMs: number): number {
    this.#moveTo(nowMs);
    return this.#total;
  }

  /** How long until `amount`, at most `limit`, would fit below it, were nothing taken before; 0: it would now. */
  waitMs(limit: number, nowMs: number, amount = 1): number {
    this.#moveTo(nowMs);
    const room = limit - amount;
    if (this.#total <= room) return 0;
    if (room !== this.#searchedRoom) {
      this.#leavingSlot = this.#findLeavingSlot(room);
      this.#searchedRoom = room;
    }
    return this.#endOf(this.#leavingSlot) - nowMs;
  }

  /** Counts `amount`, whatever the limit: for a caller that has asked `waitMs`. Returns what `correct` takes. */
  take(nowMs: number, amount = 1): number {
    this.#moveTo(nowMs);
    this.#searchedRoom = -1;
    this.#total += amount;
    const taken = this.#slot + this.#shifted;
    if (this.#length > 0) {
      const newest = this.#at(this.#length - 1);
      if (this.#ring[newest] === this.#slot) {
        this.#ring[newest + 1] = (this.#ring[newest + 1] as number) + amount;
        return taken;
      }
    }
    if (this.#length === this.#capacity) this.#grow();
    const added = this.#at(this.#length++);
    this.#ring[added] = this.#slot;
    this.#ring[added + 1] = amount;
    return taken;
  }

  /**
   * Adds `change` to what was taken, negative: gives it back, as if it had been taken so; `taken`: what `take` returned. What has left
   * the window meanwhile is added as of now. True: that was so.
   */
  correct(taken: number, change: number, nowMs: number): boolean {
    if (change === 0) return false;
    this.#moveTo(nowMs);
    const entry = this.#find(taken - this.#shifted);
    if (entry >= 0) {
      this.#searchedRoom = -1;
      this.#ring[entry + 1] = (this.#ring[entry + 1] as number) + change;
      this.#total += change;
      return false;
    }
    if (change > 0) this.take(nowMs, change);
    return change > 0;
  }

  /** What is counted, oldest first: when, and how much. For a copy that outlives the process. */
  *entries(): Iterable<[atMs: number, amount: number]> {
    for (let index = 0; index < this.#length; index++) {
      const entry = this.#at(index);
      yield [(this.#ring[entry] as number) * this.#slotMs, this.#ring[entry + 1] as number];
    }
  }

  isEmpty(nowMs: number): boolean {
    this.#moveTo(nowMs);
    return this.#length === 0;
  }

  /** When the last of what is counted leaves; 0: nothing is. */
  get emptyAtMs(): number {
    return this.#length === 0 ? 0 : this.#endOf(this.#ring[this.#at(this.#length - 1)] as number);
  }

  /** The slot with whose end `room` is left, or less. */
  #findLeavingSlot(room: number): number {
    let mustLeave = this.#total - room;
    let index = 0;
    for (; index < this.#length - 1; index++) {
      mustLeave -= this.#ring[this.#at(index) + 1] as number;
      if (mustLeave <= 0) break;
    }
    return this.#ring[this.#at(index)] as number;
  }

  /** Where the entry of a slot begins in the ring; -1: it has none. */
  #find(slot: number): number {
    let low = 0;
    let high = this.#length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const entry = this.#at(middle);
      const found = this.#ring[entry] as number;
      if (found === slot) return entry;
      if (found < slot) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #endOf(slot: number): number {
    return (slot + this.#lifeSlots) * this.#slotMs;
  }

  #moveTo(nowMs: number): void {
    const slot = Math.floor(nowMs / this.#slotMs);
    if (slot > this.#slot) {
      this.#slot = slot;
      if (this.#length > 0) this.#expire();
    } else if (this.#slot - slot >= this.#lifeSlots) {
      this.#moveBack(slot);
    }
  }

  #expire(): void {
    const oldestCounted = this.#slot - this.#lifeSlots + 1;
    while (this.#length > 0 && (this.#ring[this.#head * 2] as number) < oldestCounted) {
      this.#total -= this.#ring[this.#head * 2 + 1] as number;
      this.#head = this.#head + 1 === this.#capacity ? 0 : this.#head + 1;
      this.#length--;
    }
    if (this.#length === 0 && this.#capacity > keptCapacity) {
      this.#ring = [];
      this.#capacity = 0;
      this.#head = 0;
    }
  }

  #moveBack(slot: number): void {
    const shift = this.#slot - slot;
    for (let index = 0; index < this.#length; index++) {
      const entry = this.#at(index);
      this.#ring[entry] = (this.#ring[entry] as number) - shift;
    }
    this.#slot = slot;
    this.#shifted += shift;
    this.#searchedRoom = -1;
  }

  /** Where the entry begins in the ring; 0 is the oldest. */
  #at(index: number): number {
    const place = this.#head + index;
    return (place >= this.#capacity ? place - this.#capacity : place) * 2;
  }

  #grow(): void {
    const capacity = Math.min(Math.max(4, this.#capacity * 2), this.#lifeSlots);
    const ring = new Array<number>(capacity * 2).fill(0);
    for (let index = 0; index < this.#length; index++) {
      const entry = this.#at(index);
      ring[index * 2] = this.#ring[entry] as number;
      ring[index * 2 + 1] = this.#ring[entry + 1] as number;
    }
    this.#ring = ring;
    this.#capacity = capacity;
    this.#head = 0;
  }
}
