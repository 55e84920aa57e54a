// UUIDv7 (RFC 9562) as 32 hex digits: made for each call and each attempt, so their making has to be cheap.
import { randomFillSync } from "node:crypto";

/** A clock set back by more than this is believed: ids then go back with it. */
const rollbackMaxMs = 10_000;
const lowMax = 0xfff;
const highMax = 0x3ff_ffff;

/** All groups of three hex digits: three look-ups a random part, where digits would be twelve. */
const hexDigits = Array.from({ length: lowMax + 1 }, (_, value) => value.toString(16).padStart(3, "0"));

/**
 * Ids in the order of their making (RFC 9562 §6.2, method 1): behind the time a counter of 38 bits, which begins anew at a
 * random number in each millisecond, then 36 random bits. All digits but the last twelve stay the same for a while and
 * are kept as text.
 */
export class UuidV7Source {
  readonly #nowMs: () => number;
  /** Random numbers in store, of which each use takes 12 bits. A call to the generator costs as much as a dozen ids. */
  readonly #random = new Uint16Array(2048);
  #randomAt = this.#random.length;
  #timeMs = -1;
  /** The counter: 26 bits that `#head` has, and 12 bits. */
  #high = 0;
  #low = 0;
  #head = "";

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /** 32 lower-case hex digits; greater than all before unless the clock was set back by more than ten seconds. */
  next(): string {
    const nowMs = this.#nowMs();
    if (nowMs > this.#timeMs || nowMs < this.#timeMs - rollbackMaxMs) this.#begin(nowMs);
    else if (this.#low < lowMax) this.#low += 1;
    else this.#carry();
    const random = this.#digits() + this.#digits() + this.#digits();
    return this.#head + ((hexDigits[this.#low] as string) + random);
  }

  #begin(nowMs: number): void {
    this.#timeMs = nowMs;
    // The uppermost bit stays 0, so that there is room to count.
    this.#high = ((this.#next12Bits() & 0x7ff) << 14) | (this.#next12Bits() << 2) | (this.#next12Bits() & 3);
    this.#low = this.#next12Bits();
    this.#writeHead();
  }

  #carry(): void {
    this.#low = 0;
    this.#high += 1;
    if (this.#high > highMax) {
      this.#high = 0;
      this.#timeMs += 1;
    }
    this.#writeHead();
  }

  #writeHead(): void {
    const time = this.#timeMs.toString(16).padStart(12, "0");
    const variant = (0x8000 | (this.#high & 0x3fff)).toString(16);
    this.#head = `${time}7${hexDigits[this.#high >>> 14]}${variant}`;
  }

  #digits(): string {
    return hexDigits[this.#next12Bits()] as string;
  }

  #next12Bits(): number {
    if (this.#randomAt === this.#random.length) {
      randomFillSync(this.#random);
      this.#randomAt = 0;
    }
    const value = (this.#random[this.#randomAt] as number) & 0xfff;
    this.#randomAt += 1;
    return value;
  }
}
