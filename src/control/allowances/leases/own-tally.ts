// What this process itself has admitted in the last second or minute: the measure of its share, and what an authority that lost its memory is told.

const slots = 60;

/** Weighted, in 60 slots of the window: what was admitted counts until a window after the end of its slot. */
export class OwnTally {
  readonly #windowMs: number;
  readonly #slotMs: number;
  readonly #units = new Float64Array(slots + 1);
  #slot = Number.NEGATIVE_INFINITY;
  #total = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
    this.#slotMs = windowMs / slots;
  }

  total(nowMs: number): number {
    this.#moveTo(nowMs);
    return this.#total;
  }

  /** Returns what `correct` wants to know. */
  add(units: number, nowMs: number): number {
    this.#moveTo(nowMs);
    this.#change(this.#slot, units);
    return this.#slot;
  }

  /** Changes what was added in that slot; when it has left, more is counted now, less not at all. */
  correct(slot: number, units: number, nowMs: number): void {
    this.#moveTo(nowMs);
    if (slot > this.#slot - slots - 1 && slot <= this.#slot) this.#change(slot, units);
    else if (units > 0) this.#change(this.#slot, units);
  }

  /** What is counted, with its age (of the end of its slot, so that it never looks older than it is), oldest first. */
  aged(nowMs: number): [ageMs: number, units: number][] {
    this.#moveTo(nowMs);
    const aged: [number, number][] = [];
    if (this.#total === 0) return aged;
    for (let slot = this.#slot - slots; slot <= this.#slot; slot++) {
      const units = this.#units[place(slot)] as number;
      if (units > 0) aged.push([Math.max(0, Math.floor(nowMs - (slot + 1) * this.#slotMs)), units]);
    }
    return aged;
  }

  /** Until all of it has left, ms. */
  emptyInMs(nowMs: number): number {
    this.#moveTo(nowMs);
    if (this.#total === 0) return 0;
    for (let slot = this.#slot; slot >= this.#slot - slots; slot--) {
      if ((this.#units[place(slot)] as number) > 0) return (slot + 1) * this.#slotMs + this.#windowMs - nowMs;
    }
    return 0;
  }

  /** Until no more than `most` is counted, ms. */
  waitMs(most: number, nowMs: number): number {
    this.#moveTo(nowMs);
    let left = this.#total;
    if (left <= most) return 0;
    for (let slot = this.#slot - slots; slot <= this.#slot; slot++) {
      left -= this.#units[place(slot)] as number;
      if (left <= most) return (slot + 1) * this.#slotMs + this.#windowMs - nowMs;
    }
    return this.#windowMs;
  }

  clear(): void {
    this.#units.fill(0);
    this.#total = 0;
  }

  #change(slot: number, units: number): void {
    const at = place(slot);
    const before = this.#units[at] as number;
    const after = Math.max(0, before + units);
    this.#units[at] = after;
    this.#total += after - before;
  }

  /** Time that is set back stands still here. */
  #moveTo(nowMs: number): void {
    const slot = Math.floor(nowMs / this.#slotMs);
    if (slot <= this.#slot) return;
    if (slot - this.#slot > slots) this.clear();
    else {
      for (let passed = this.#slot + 1; passed <= slot; passed++) {
        const at = place(passed);
        this.#total -= this.#units[at] as number;
        this.#units[at] = 0;
      }
    }
    this.#slot = slot;
  }
}

function place(slot: number): number {
  return ((slot % (slots + 1)) + slots + 1) % (slots + 1);
}
