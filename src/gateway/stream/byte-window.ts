// The last bytes of what was appended, in one buffer that grows as needed up to a bound.

const firstCapacity = 4096;
/** A buffer larger than this is let go when the window is emptied. */
const keptCapacity = 64 * 1024;

export class ByteWindow {
  readonly limit: number;
  /** Bytes appended since the last `clear`, whether still held or not. */
  total = 0;
  #buffer: Buffer | null = null;
  #length = 0;
  /** `#buffer` is the caller's own. */
  #isBorrowed = false;

  /** Holds the last `limit` bytes; takes at most twice the memory. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Appends all of `source`, which must not change as long as it is held: nothing is copied while it is all that there is. */
  hold(source: Buffer): void {
    if (this.#buffer !== null || source.length === 0 || source.length > this.limit) return this.append(source);
    this.total += source.length;
    this.#buffer = source;
    this.#length = source.length;
    this.#isBorrowed = true;
  }

  /** Appends `source[start…end)`, copying it. Amortised linear whatever the size of the pieces. */
  append(source: Buffer, start = 0, end = source.length): void {
    this.total += end - start;
    const from = Math.max(start, end - this.limit);
    const added = end - from;
    if (added === 0) return;
    if (this.#length + added > 2 * this.limit && this.#buffer !== null) {
      const kept = Math.min(this.#length, this.limit);
      this.#buffer.copy(this.#buffer, 0, this.#length - kept, this.#length);
      this.#length = kept;
    }
    source.copy(this.#room(added), this.#length, from, end);
    this.#length += added;
  }

  /** The last `min(total, limit)` bytes: a view that the next `append` or `clear` may overwrite. */
  bytes(): Buffer {
    if (this.#buffer === null) return noBytes;
    return this.#buffer.subarray(Math.max(0, this.#length - this.limit), this.#length);
  }

  clear(): void {
    this.total = 0;
    this.#length = 0;
    if (this.#isBorrowed || (this.#buffer !== null && this.#buffer.length > keptCapacity)) this.#buffer = null;
    this.#isBorrowed = false;
  }

  #room(added: number): Buffer {
    const needed = this.#length + added;
    const held = this.#buffer;
    if (held !== null && !this.#isBorrowed && held.length >= needed) return held;
    const capacity = Math.min(Math.max(needed, firstCapacity, 2 * (held?.length ?? 0)), 2 * this.limit);
    const grown = Buffer.allocUnsafeSlow(Math.max(capacity, needed));
    if (held !== null) held.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
    this.#isBorrowed = false;
    return grown;
  }
}

const noBytes = Buffer.alloc(0);
