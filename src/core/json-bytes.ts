// JSON put together piece by piece in one buffer that is used again and again: nothing is left for the garbage collector.

const encoder = new TextEncoder();

/** The bytes of a text that is written often. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

const jsonNull = utf8("null");
const jsonTrue = utf8("true");
const jsonFalse = utf8("false");

/** 1 for what doesn't stand for itself in a JSON text as UTF-8. */
const specialBytes = Uint8Array.from({ length: 256 }, (_, code) =>
  code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c ? 1 : 0,
);

/** Texts up to this length are written byte by byte: a call out of JavaScript costs as much as forty of them. */
const shortTextMax = 64;
/** A buffer that a burst has made larger than this is let go. */
const keptBytesMax = 1024 * 1024;

/** What `value` writes is what JSON.stringify makes of it, for every text and number. */
export class JsonBytes {
  readonly #initialBytes: number;
  #buffer: Buffer<ArrayBuffer>;
  #length = 0;

  constructor(initialBytes = 16 * 1024) {
    this.#initialBytes = initialBytes;
    this.#buffer = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  /** Where they are: its first `length` bytes, until the next are written. */
  get buffer(): Buffer<ArrayBuffer> {
    return this.#buffer;
  }

  toString(): string {
    return this.#buffer.toString("utf8", 0, this.#length);
  }

  /** A copy of what was written from the byte `from` on. */
  copyFrom(from: number): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(from, this.#length));
  }

  /** The same as a text of one character per byte, which is kept more cheaply; `rawText` takes it. */
  textFrom(from: number): string {
    return this.#buffer.toString("latin1", from, this.#length);
  }

  /** Takes back what was written from the byte `length` on. */
  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** Begins anew. */
  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > keptBytesMax) this.#buffer = Buffer.allocUnsafeSlow(this.#initialBytes);
  }

  /** These bytes as they are. */
  raw(part: Uint8Array): void {
    if (this.#length + part.length > this.#buffer.length) this.#grow(part.length);
    this.#buffer.set(part, this.#length);
    this.#length += part.length;
  }

  /** The bytes that a text of one character per byte stands for. */
  rawText(text: string): void {
    if (this.#length + text.length > this.#buffer.length) this.#grow(text.length);
    this.#length += this.#buffer.write(text, this.#length, "latin1");
  }

  text(value: string): void {
    const { length } = value;
    if (length > shortTextMax) return this.#slowly(value);
    if (this.#length + length + 2 > this.#buffer.length) this.#grow(length + 2);
    const buffer = this.#buffer;
    const from = this.#length + 1;
    // What is escaped in JSON or takes more than a byte in UTF-8 is left to those who know how. That there is any is found
    // out behind the loop: branches in it would cost a quarter more.
    let special = 0;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      special |= (specialBytes[code & 0xff] as number) | (code >>> 8);
      buffer[from + index] = code;
    }
    if (special !== 0) return this.#slowly(value);
    buffer[from - 1] = 0x22;
    buffer[from + length] = 0x22;
    this.#length = from + length + 1;
  }

  textOrNull(value: string | null): void {
    if (value === null) this.raw(jsonNull);
    else this.text(value);
  }

  boolean(value: boolean): void {
    this.raw(value ? jsonTrue : jsonFalse);
  }

  number(value: number): void {
    if (value < 0 || value >= 1e15 || Math.floor(value) !== value) return this.#slowly(value);
    if (this.#length + 16 > this.#buffer.length) this.#grow(16);
    // In two halves: both are then integers of 32 bits, which are divided many times as fast.
    if (value < 1e9) return this.#digits(value | 0, 1);
    const upper = Math.floor(value / 1e6);
    this.#digits(upper | 0, 1);
    this.#digits((value - upper * 1e6) | 0, 6);
  }

  numberOrNull(value: number | null): void {
    if (value === null) this.raw(jsonNull);
    else this.number(value);
  }

  /** An integer of up to nine digits, with zeros before it up to `digitsMin`. */
  #digits(value: number, digitsMin: number): void {
    let digits = 1;
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) digits += 1;
    if (digits < digitsMin) digits = digitsMin;
    const buffer = this.#buffer;
    const end = this.#length + digits;
    let rest = value;
    for (let at = end - 1; at >= this.#length; at--) {
      const tenth = (rest / 10) | 0;
      buffer[at] = 0x30 + rest - tenth * 10;
      rest = tenth;
    }
    this.#length = end;
  }

  #slowly(value: string | number): void {
    const json = JSON.stringify(value);
    // UTF-8 takes at most three bytes for what JavaScript counts as one.
    if (this.#length + json.length * 3 > this.#buffer.length) this.#grow(json.length * 3);
    this.#length += this.#buffer.write(json, this.#length);
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
