// Validates a JSON request body while it arrives and finds its model and other fields, without ever building the whole of it.
import { HeadgateError } from "../../core/errors.ts";
import { type AskedTokens, estimateInput } from "./asked-tokens.ts";
import { Attachments, shortStringBytes } from "./attachments.ts";
import { BodyFields, rawBytesMax } from "./body-fields.ts";
import { nextNumberState, numberBroken, numberEnded, numberStart } from "./number-grammar.ts";
import type { ScannedBody } from "./scanned-body.ts";
import { isTextKey } from "./text-key.ts";

export type { ScannedBody } from "./scanned-body.ts";

const depthMax = 2000;

/** What the next byte belongs to. */
const inString = 0;
const inEscape = 1;
const inHex = 2;
const inNumber = 3;
const inLiteral = 4;
/** A value must come. */
const wantValue = 5;
/** After `[`: a value or `]`. */
const wantFirstValue = 6;
const wantColon = 7;
/** After a value: `,` or what closes the container. */
const wantNext = 8;
/** After `{`: a key or `}`. */
const wantFirstKey = 9;
const wantKey = 10;
const wantObject = 11;
/** After the body: white space only. */
const wantEnd = 12;

const quote = 0x22;
const backslash = 0x5c;

/** 1 for bytes that stand for themselves inside a string: all but control characters, `"` and `\`. */
const plain = new Uint8Array(256).fill(1).fill(0, 0, 0x20);
plain[quote] = 0;
plain[backslash] = 0;

const isHex = new Uint8Array(256);
for (const byte of Buffer.from("0123456789abcdefABCDEF")) isHex[byte] = 1;
/** What may follow a backslash, `u` apart. */
const isEscape = new Uint8Array(256);
for (const byte of Buffer.from('"\\/bfnrt')) isEscape[byte] = 1;

/** Behind so many plain bytes, a text is looked at four bytes at a time, which takes half the time. */
const longBytes = 48;

/** A position up to which, from `from` on, all bytes are plain; the next one that isn't is less than four bytes away. */
function plainUntil(chunk: Buffer, from: number): number {
  let at = from;
  // To the next word of the memory below.
  for (const end = from + (-(chunk.byteOffset + from) & 3); at < end; at++) if (plain[chunk[at] as number] !== 1) return at;
  const words = new Int32Array(chunk.buffer, chunk.byteOffset + at, (chunk.length - at) >> 2);
  const { length } = words;
  for (let index = 0; index < length; index++) {
    const word = words[index] as number;
    const quotes = word ^ 0x22222222;
    const backslashes = word ^ 0x5c5c5c5c;
    // The highest bit of a byte is set by these where it is below 0x20, or 0 (S. E. Anderson, Bit Twiddling Hacks).
    const controls = (word - 0x20202020) & ~word;
    const found = controls | ((quotes - 0x01010101) & ~quotes) | ((backslashes - 0x01010101) & ~backslashes);
    if ((found & 0x80808080) !== 0) return at + index * 4;
  }
  return at + length * 4;
}

const noBytes = Buffer.alloc(0);
const literalTrue = Buffer.from("true");
const literalFalse = Buffer.from("false");
const literalNull = Buffer.from("null");

/**
 * Feed it the body chunk by chunk, then call `end()`. Accepts exactly what `JSON.parse` accepts (RFC 8259), as long as it
 * is an object nested at most 2,000 deep; the bytes inside strings need not be valid UTF-8.
 */
export class JsonScanner {
  readonly #fields = new BodyFields();
  #state = wantObject;
  /** One entry for each open container: true for an object. */
  readonly #isObject: boolean[] = [];
  /** Absolute position of the next chunk. */
  #offset = 0;
  #stringIsKey = false;
  #hexLeft = 0;
  #numberState = numberStart;
  #literal = literalTrue;
  #literalIndex = 0;
  /** Whether the raw bytes of the string or number at hand are wanted, and where in the chunk they start. */
  #capturing = false;
  #captureStart = 0;
  /** Their part in earlier chunks. */
  #carried: Buffer[] = [];
  #carriedBytes = 0;
  #failure: HeadgateError | null = null;
  /** Where the string at hand began, absolute; behind its quote. */
  #stringStart = 0;
  /** The key read last, with its quotes. */
  #keySource: Buffer = noBytes;
  #keyStart = 0;
  #keyEnd = 0;
  /** Null: there was no long string yet. */
  #attachments: Attachments | null = null;

  /** Throws `invalid_json` or `duplicate_model`, again and again once it has. */
  write(chunk: Buffer): void {
    if (this.#failure !== null) throw this.#failure;
    try {
      const length = chunk.length;
      this.#captureStart = 0;
      let at = 0;
      while (at < length) {
        const state = this.#state;
        if (state === inString) at = this.#readString(chunk, at);
        else if (state === inNumber) at = this.#readNumber(chunk, at);
        else if (state >= wantValue) at = this.#readStructure(chunk, at);
        else if (state === inLiteral) at = this.#readLiteral(chunk, at);
        else at = this.#readEscape(chunk, at);
      }
      if (this.#capturing) this.#carry(chunk);
      this.#offset += length;
    } catch (error) {
      if (error instanceof HeadgateError) this.#failure = error;
      throw error;
    }
  }

  /** Throws `invalid_json` when the body is cut short, `model_required` when it names no model. */
  end(): ScannedBody {
    if (this.#failure !== null) throw this.#failure;
    if (this.#state !== wantEnd) {
      const message =
        this.#offset === 0
          ? "The request body is empty; it must be a JSON object."
          : `The request body is not valid JSON: it ends too early, at byte ${this.#offset}.`;
      throw new HeadgateError("invalid_json", { message });
    }
    return this.#fields.finish(this.#offset);
  }

  /**
   * What the body, which has `bytes` bytes, says about the tokens of its call, also where it names no model or is broken. Null: it is no
   * JSON object.
   */
  asked(bytes: number): AskedTokens | null {
    if (this.#state === wantObject) return null;
    const { bytes: attachedBytes, count } = this.#attachments ?? { bytes: 0, count: 0 };
    return this.#fields.asked(estimateInput(bytes, attachedBytes, count));
  }

  #readString(chunk: Buffer, from: number): number {
    const length = chunk.length;
    let at = from;
    while (at < length) {
      const longAt = at + longBytes;
      while (at < length && at < longAt && plain[chunk[at] as number] === 1) at++;
      if (at === longAt) {
        if (length - at >= longBytes) at = plainUntil(chunk, at);
        while (at < length && plain[chunk[at] as number] === 1) at++;
      }
      if (at === length) break;
      const byte = chunk[at] as number;
      if (byte === quote) {
        if (this.#offset + at - this.#stringStart > shortStringBytes) this.#readLong(chunk, at, true);
        this.#endString(chunk, at + 1);
        return at + 1;
      }
      if (byte !== backslash) throw this.#unexpected(at, "a control character inside a string");
      if (at + 1 < length && isEscape[chunk[at + 1] as number] === 1) at += 2;
      else {
        this.#state = inEscape;
        at++;
        break;
      }
    }
    if (this.#offset + at - this.#stringStart > shortStringBytes) this.#readLong(chunk, at, false);
    return at;
  }

  /** Looks at a part of a string that has turned out long. */
  #readLong(chunk: Buffer, end: number, isWhole: boolean): void {
    if (this.#stringIsKey) return;
    this.#attachments ??= new Attachments();
    const attachments = this.#attachments;
    if (attachments.stringStart !== this.#stringStart) {
      attachments.begin(this.#stringStart, isTextKey(this.#keySource, this.#keyStart, this.#keyEnd));
    }
    attachments.read(chunk, this.#offset, end);
    if (isWhole) attachments.end(this.#offset + end);
  }

  #readEscape(chunk: Buffer, at: number): number {
    const byte = chunk[at] as number;
    if (this.#state === inHex) {
      if (isHex[byte] !== 1) throw this.#unexpected(at, "no hexadecimal digit");
      // Some write base64's `+` as `\u002B`; all else that is written like this is text.
      if (this.#hexLeft > 2 && byte !== 0x30) this.#attachments?.isText();
      this.#hexLeft--;
      if (this.#hexLeft === 0) this.#state = inString;
    } else if (byte === 0x75) {
      this.#hexLeft = 4;
      this.#state = inHex;
    } else if (isEscape[byte] === 1) {
      this.#state = inString;
    } else {
      throw this.#unexpected(at, "no known escape");
    }
    return at + 1;
  }

  #endString(chunk: Buffer, end: number): void {
    const depth = this.#isObject.length;
    const watched = depth <= this.#fields.watchedDepth;
    if (!this.#stringIsKey) {
      this.#state = wantNext;
      const raw = this.#capturing ? this.#captured(chunk, end) : null;
      if (watched) this.#fields.valueEnd(depth, this.#offset + end, raw);
      return;
    }
    this.#stringIsKey = false;
    this.#state = wantColon;
    if (this.#carriedBytes === 0) {
      this.#capturing = false;
      this.#keySource = chunk;
      this.#keyStart = this.#captureStart;
      this.#keyEnd = end;
    } else {
      this.#keySource = this.#captured(chunk, end) ?? noBytes;
      this.#keyStart = 0;
      this.#keyEnd = this.#keySource.length;
    }
    if (watched) this.#fields.key(depth, this.#keySource, this.#keyStart, this.#keyEnd);
  }

  #readNumber(chunk: Buffer, from: number): number {
    const length = chunk.length;
    let state = this.#numberState;
    for (let at = from; at < length; at++) {
      state = nextNumberState(state, chunk[at] as number);
      if (state === numberBroken) throw this.#unexpected(at, "inside a number");
      if (state === numberEnded) {
        this.#state = wantNext;
        const raw = this.#capturing ? this.#captured(chunk, at) : null;
        const depth = this.#isObject.length;
        if (depth <= this.#fields.watchedDepth) this.#fields.valueEnd(depth, this.#offset + at, raw);
        return at;
      }
    }
    this.#numberState = state;
    return length;
  }

  #readLiteral(chunk: Buffer, from: number): number {
    const literal = this.#literal;
    let index = this.#literalIndex;
    let at = from;
    while (at < chunk.length && index < literal.length) {
      if (chunk[at] !== literal[index]) throw this.#unexpected(at, "no literal begins like this");
      at++;
      index++;
    }
    this.#literalIndex = index;
    if (index === literal.length) {
      this.#state = wantNext;
      const depth = this.#isObject.length;
      if (depth <= this.#fields.watchedDepth) this.#fields.valueEnd(depth, this.#offset + at, null);
    }
    return at;
  }

  #readStructure(chunk: Buffer, from: number): number {
    const length = chunk.length;
    for (let at = from; at < length; at++) {
      const byte = chunk[at] as number;
      if (byte <= 0x20) {
        if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue;
        throw this.#unexpected(at);
      }
      const state = this.#state;
      if (state === wantNext) {
        if (byte !== 0x2c) this.#close(byte, at);
        else this.#state = this.#isObject[this.#isObject.length - 1] ? wantKey : wantValue;
      } else if (state === wantColon) {
        if (byte !== 0x3a) throw this.#unexpected(at, "a colon was expected");
        this.#state = wantValue;
      } else if (state === wantValue || (state === wantFirstValue && byte !== 0x5d)) {
        if (this.#startValue(byte, at)) return this.#state === inNumber ? at : at + 1;
      } else if (state === wantKey || (state === wantFirstKey && byte !== 0x7d)) {
        if (byte !== quote) throw this.#unexpected(at, "a key was expected");
        this.#stringIsKey = true;
        this.#state = inString;
        this.#capturing = true;
        this.#captureStart = at;
        this.#stringStart = this.#offset + at + 1;
        return at + 1;
      } else if (state === wantFirstValue || state === wantFirstKey) {
        this.#close(byte, at);
      } else if (state === wantObject) {
        if (byte !== 0x7b) throw this.#unexpected(at, "the body must be a JSON object");
        this.#open(true, at);
      } else {
        throw this.#unexpected(at, "the JSON object has ended before");
      }
    }
    return length;
  }

  /** True when a string, number or literal has begun; false when a container was opened. */
  #startValue(byte: number, at: number): boolean {
    const depth = this.#isObject.length;
    const wanted = depth <= this.#fields.watchedDepth && this.#fields.valueStart(depth, this.#offset + at, byte);
    if (byte === 0x7b || byte === 0x5b) {
      this.#open(byte === 0x7b, at);
      return false;
    }
    if (byte === quote) {
      this.#state = inString;
      this.#stringStart = this.#offset + at + 1;
    } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      this.#state = inNumber;
      this.#numberState = numberStart;
    } else {
      if (byte === 0x74) this.#literal = literalTrue;
      else if (byte === 0x66) this.#literal = literalFalse;
      else if (byte === 0x6e) this.#literal = literalNull;
      else throw this.#unexpected(at, "a value was expected");
      this.#literalIndex = 1;
      this.#state = inLiteral;
      return true;
    }
    this.#capturing = wanted;
    this.#captureStart = at;
    return true;
  }

  #open(isObject: boolean, at: number): void {
    if (this.#isObject.length === depthMax) throw this.#unexpected(at, `nested deeper than ${depthMax}`);
    this.#isObject.push(isObject);
    this.#state = isObject ? wantFirstKey : wantFirstValue;
  }

  #close(byte: number, at: number): void {
    const open = this.#isObject;
    if (byte !== (open[open.length - 1] ? 0x7d : 0x5d)) throw this.#unexpected(at, "a comma or the closing bracket was expected");
    open.pop();
    const depth = open.length;
    this.#state = depth === 0 ? wantEnd : wantNext;
    if (depth > 0 && depth <= this.#fields.watchedDepth) this.#fields.valueEnd(depth, this.#offset + at + 1, null);
  }

  /** The raw bytes of the token that ends before `end`; null when they are too many. */
  #captured(chunk: Buffer, end: number): Buffer | null {
    this.#capturing = false;
    const here = chunk.subarray(this.#captureStart, end);
    if (this.#carriedBytes === 0) return here.length <= rawBytesMax ? here : null;
    const bytes = this.#carriedBytes + here.length;
    const raw = bytes <= rawBytesMax ? Buffer.concat([...this.#carried, here], bytes) : null;
    this.#carried = [];
    this.#carriedBytes = 0;
    return raw;
  }

  #carry(chunk: Buffer): void {
    const here = chunk.subarray(this.#captureStart);
    this.#carriedBytes += here.length;
    if (this.#carriedBytes > rawBytesMax) this.#carried = [];
    else if (here.length > 0) this.#carried.push(here);
  }

  #unexpected(at: number, what?: string): HeadgateError {
    const position = this.#offset + at;
    const message = `The request body is not valid JSON: unexpected byte ${position}${what === undefined ? "" : ` (${what})`}.`;
    return new HeadgateError("invalid_json", { message });
  }
}
