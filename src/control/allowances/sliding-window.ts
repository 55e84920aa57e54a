// How many requests were admitted in the last second or minute: exact but for the slot that an admission falls into.

/** Rings that grew above this many slots are given back when the window has emptied. */
const keptCapacity = 64;

/**
 * Holds admissions to at most N in any window of `windowMs`, however it is aligned. An admission counts until `windowMs`
 * after the END of its slot: it never leaves too early, and at most one slot too late. Kept are the slots in which
 * something was admitted, `windowMs / slotMs + 1` at most, whatever N is. N is told with each call and may change
 * between them. Times are whole ms, N is at least 1.
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
  /** What the last search found: it holds until something is taken. Limit 0: nothing. */
  #searchedLimit = 0;
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

  /** How long until `tryTake(limit)` would count one more, were nothing taken before; 0: it would now. */
  waitMs(limit: number, nowMs: number): number {
    this.#moveTo(nowMs);
    if (this.#total < limit) return 0;
    if (limit !== this.#searchedLimit) {
      this.#leavingSlot = this.#findLeavingSlot(limit);
      this.#searchedLimit = limit;
    }
    return this.#endOf(this.#leavingSlot) - nowMs;
  }

  /** Counts one request, whatever the limit: for a caller that has asked `waitMs`. */
  take(nowMs: number): void {
    this.#moveTo(nowMs);
    this.#searchedLimit = 0;
    this.#total++;
    if (this.#length > 0) {
      const newest = this.#at(this.#length - 1);
      if (this.#ring[newest] === this.#slot) {
        this.#ring[newest + 1] = (this.#ring[newest + 1] as number) + 1;
        return;
      }
    }
    if (this.#length === this.#capacity) this.#grow();
    const added = this.#at(this.#length++);
    this.#ring[added] = this.#slot;
    this.#ring[added + 1] = 1;
  }

  isEmpty(nowMs: number): boolean {
    this.#moveTo(nowMs);
    return this.#total === 0;
  }

  /** When the last of what is counted leaves; 0: nothing is. */
  get emptyAtMs(): number {
    return this.#length === 0 ? 0 : this.#endOf(this.#ring[this.#at(this.#length - 1)] as number);
  }

  /** The slot with whose end fewer than `limit` are left. */
  #findLeavingSlot(limit: number): number {
    let mustLeave = this.#total - limit + 1;
    let index = 0;
    for (; index < this.#length - 1; index++) {
      mustLeave -= this.#ring[this.#at(index) + 1] as number;
      if (mustLeave <= 0) break;
    }
    return this.#ring[this.#at(index)] as number;
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
    this.#searchedLimit = 0;
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
