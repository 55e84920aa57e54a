// One cheap pass over a JSON event or answer that tells whether it is worth parsing, and how much text it brings.
import { dataUrlBytes } from "../body/base64-runs.ts";

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const space = 0x20;
const braceOpen = 0x7b;
const braceClose = 0x7d;
const bracketOpen = 0x5b;
const bracketClose = 0x5d;

/** 1 for bytes that go on inside a string. Control characters don't: a quote in a comment must not swallow the next line. */
const plain = new Uint8Array(256).fill(1).fill(0, 0, 0x20);
plain[quote] = 0;
plain[backslash] = 0;

const other = 0;
const usageKey = 1;
const errorKey = 2;
const finishKey = 3;
const textKey = 4;
/** Of a tool: a text in some dialects, an object in others. */
const argumentsKey = 5;
/** What stands beside it a second time. */
const repeatedKey = 6;

interface Candidate {
  bytes: Buffer;
  meaning: number;
}

/** What the keys mean, by their length. */
const keysByLength: (Candidate[] | undefined)[] = Array.from({ length: 18 });
for (const [meaning, keys] of [
  [usageKey, ["usage", "usageMetadata"]],
  [errorKey, ["error"]],
  [finishKey, ["finish_reason", "finishReason", "stop_reason"]],
  [textKey, ["content", "text", "delta", "thinking", "partial_json", "reasoning_content", "reasoning", "refusal", "transcript"]],
  [argumentsKey, ["arguments", "args", "input"]],
  [repeatedKey, ["reasoning_details"]],
] as const) {
  for (const key of keys) {
    keysByLength[key.length] = [...(keysByLength[key.length] ?? []), { bytes: Buffer.from(key), meaning }];
  }
}

/**
 * Reads keys at any depth, never the inside of a string; keys written with escapes are missed. A value that begins on the next
 * line of data counts as whatever is looked for. Reused from event to event, so that nothing is allocated.
 */
export class JsonGlance {
  /** A `usage` or `usageMetadata` that is an object; many providers send `"usage":null` with every chunk. */
  holdsUsage = false;
  /** An `error` that is an object or a text. */
  holdsError = false;
  /** A finish or stop reason that is a text. */
  holdsFinish = false;
  /** Bytes of the strings that hold generated text in any dialect, as they are escaped, and of the arguments of tools. */
  textBytes = 0;

  read(bytes: Buffer): void {
    this.holdsUsage = false;
    this.holdsError = false;
    this.holdsFinish = false;
    this.textBytes = 0;
    const length = bytes.length;
    let at = 0;
    while (at < length) {
      if (bytes[at++] !== quote) continue;
      const start = at;
      const end = stringEnd(bytes, start);
      at = end + 1;
      if (end >= length || bytes[end] !== quote) continue;
      at = skipSpace(bytes, at);
      if (at >= length || bytes[at] !== colon) continue;
      at = skipSpace(bytes, at + 1);
      const candidates = end - start < keysByLength.length ? keysByLength[end - start] : undefined;
      if (candidates === undefined || at >= length) continue;
      const meaning = meaningOf(bytes, start, candidates);
      if (meaning !== other) at = this.#readValue(bytes, at, meaning);
    }
  }

  /** Looks at the value of a key of ours; the position behind it, or `at` where it is to be gone through. */
  #readValue(bytes: Buffer, at: number, meaning: number): number {
    const first = bytes[at] as number;
    const isOnNextLine = first === 0x0a || first === 0x0d;
    if (meaning === usageKey) {
      if (first === braceOpen || isOnNextLine) this.holdsUsage = true;
      return at;
    }
    if (meaning === errorKey && (first === braceOpen || isOnNextLine)) this.holdsError = true;
    if (meaning === argumentsKey && first === braceOpen) {
      const end = containerEnd(bytes, at);
      this.textBytes += end - at;
      return end;
    }
    if (meaning === repeatedKey && (first === braceOpen || first === bracketOpen)) return containerEnd(bytes, at);
    if (first !== quote) return at;
    const end = stringEnd(bytes, at + 1);
    if (meaning === errorKey) this.holdsError = true;
    else if (meaning === finishKey) this.holdsFinish = true;
    else if (meaning !== repeatedKey) this.textBytes += end - at - 1 - dataUrlBytes(bytes, at + 1, end);
    return end + 1;
  }
}

/** Where the string that begins at `from` ends: at its quote, or where it can't go on. */
function stringEnd(bytes: Buffer, from: number): number {
  const length = bytes.length;
  let at = from;
  while (at < length) {
    const byte = bytes[at] as number;
    if (plain[byte] === 1) at++;
    else if (byte === backslash) at += 2;
    else return at;
  }
  return length;
}

/** Behind the object or list at `from`; the end of the bytes when it is cut. */
function containerEnd(bytes: Buffer, from: number): number {
  const { length } = bytes;
  let depth = 0;
  for (let at = from; at < length; at++) {
    const byte = bytes[at];
    if (byte === quote) at = stringEnd(bytes, at + 1);
    else if (byte === braceOpen || byte === bracketOpen) depth++;
    else if ((byte === braceClose || byte === bracketClose) && --depth === 0) return at + 1;
  }
  return length;
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] === space) at++;
  return at;
}

function meaningOf(bytes: Buffer, start: number, candidates: readonly Candidate[]): number {
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    const key = candidate.bytes;
    let at = 0;
    while (at < key.length && bytes[start + at] === key[at]) at++;
    if (at === key.length) return candidate.meaning;
  }
  return other;
}
