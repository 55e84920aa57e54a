// How a request's prompt begins: the bytes that stay the same while a conversation grows, and differ between conversations.
import {
  braceClose,
  braceOpen,
  bracketClose,
  bracketOpen,
  colon,
  comma,
  quote,
  skipSpace,
  stringEnd,
  valueEnd,
} from "./step-over-json.ts";

/** What is hashed of the text, in bytes as they are escaped. */
const openingBytesMax = 2048;
/** How far the opening is looked for; nearly always the first is enough. Fixed, so that the cuts of the network don't matter. */
const windowsBytes = [64 * 1024, 1024 * 1024];

const promptKeys = ["messages", "input", "prompt", "contents"].map((key) => Buffer.from(key));
const textKeys = ["content", "text"].map((key) => Buffer.from(key));
const roleKey = Buffer.from("role");
/** Roles of messages that all conversations of an application begin with. */
const sharedRoles = ["system", "developer"].map((role) => Buffer.from(role));

/**
 * The first 2 KB of the text of the first message that is neither system's nor developer's, in the top-level `messages`,
 * `input`, `contents` or `prompt`, whichever comes first; of a prompt that is no list of messages, the first 2 KB of itself.
 * The text alone, because a message is marked for caching (`cache_control`) in one turn and not in the next. Null when there is
 * none within the first MB. `chunks` need not be valid JSON; keys written with escapes are missed.
 */
export function promptOpening(chunks: readonly Buffer[]): Buffer | null {
  let read = 0;
  for (const windowBytes of windowsBytes) {
    const bytes = firstBytes(chunks, windowBytes);
    if (bytes.length === read) return null;
    read = bytes.length;
    const opening = openingIn(bytes);
    if (opening !== null) return opening;
  }
  return null;
}

function firstBytes(chunks: readonly Buffer[], bytesMax: number): Buffer {
  const first = chunks[0];
  if (first !== undefined && (chunks.length === 1 || first.length >= bytesMax)) return first.subarray(0, bytesMax);
  const taken: Buffer[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    taken.push(chunk);
    bytes += chunk.length;
    if (bytes >= bytesMax) break;
  }
  return Buffer.concat(taken, Math.min(bytes, bytesMax));
}

/** Goes through the top-level members. Null: none found, or `bytes` ends before. */
function openingIn(bytes: Buffer): Buffer | null {
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== braceOpen) return null;
  for (;;) {
    at = skipSpace(bytes, at + 1);
    if (bytes[at] !== quote) return null;
    const keyStart = at + 1;
    const keyEnd = stringEnd(bytes, keyStart);
    if (keyEnd === -1) return null;
    at = valueOfKey(bytes, keyEnd + 1);
    if (at === -1) return null;
    if (isOneOf(promptKeys, bytes, keyStart, keyEnd)) {
      const opening = promptIn(bytes, at);
      if (opening !== null) return opening;
    }
    at = valueEnd(bytes, at);
    if (at === -1) return null;
    at = skipSpace(bytes, at);
    if (bytes[at] !== comma) return null;
  }
}

/** Null for a value that holds no prompt: an object names a stored one. */
function promptIn(bytes: Buffer, start: number): Buffer | null {
  if (bytes[start] === bracketOpen) {
    const first = skipSpace(bytes, start + 1);
    if (bytes[first] === braceOpen) return messageIn(bytes, first);
    if (bytes[first] === bracketClose) return null;
  } else if (bytes[start] !== quote) {
    return null;
  }
  const end = valueEnd(bytes, start);
  return slice(bytes, start + 1, end === -1 ? -1 : end - 1);
}

/** `first` is where the first message begins. */
function messageIn(bytes: Buffer, first: number): Buffer | null {
  let at = first;
  let shared: Buffer | null = null;
  while (bytes[at] === braceOpen) {
    const message = readMessage(bytes, at);
    if (message === null) return null;
    if (!message.isShared) return message.opening;
    shared ??= message.opening;
    at = skipSpace(bytes, message.end);
    // They are all there is.
    if (bytes[at] === bracketClose) return shared;
    if (bytes[at] !== comma) return null;
    at = skipSpace(bytes, at + 1);
  }
  return null;
}

interface Message {
  opening: Buffer | null;
  isShared: boolean;
  end: number;
}

/**
 * Null when what is needed of the message lies behind `bytes`. Its role may come last; one that comes first spares reading on.
 * The opening of a message without a text (an image, say) is that of all of it.
 */
function readMessage(bytes: Buffer, start: number): Message | null {
  let opening: Buffer | null = null;
  let isShared: boolean | null = null;
  let depth = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === braceOpen || byte === bracketOpen) depth++;
    else if (byte === braceClose || byte === bracketClose) depth--;
    if (depth === 0) return { opening: opening ?? slice(bytes, start, at + 1), isShared: isShared ?? false, end: at + 1 };
    if (byte !== quote) {
      at++;
      continue;
    }
    const keyEnd = stringEnd(bytes, at + 1);
    if (keyEnd === -1) return null;
    const value = valueOfKey(bytes, keyEnd + 1);
    if (value === -1 || bytes[value] !== quote) {
      at = value === -1 ? keyEnd + 1 : value;
      continue;
    }
    const textEnd = stringEnd(bytes, value + 1);
    if (depth === 1 && equals(roleKey, bytes, at + 1, keyEnd)) isShared = isOneOf(sharedRoles, bytes, value + 1, textEnd);
    else if (opening === null && isOneOf(textKeys, bytes, at + 1, keyEnd)) opening = slice(bytes, value + 1, textEnd);
    if (opening !== null && isShared === false) return { opening, isShared, end: -1 };
    if (textEnd === -1) return null;
    at = textEnd + 1;
  }
  return null;
}

/** Where the value begins when the string that ended before `behindString` is a key; else -1. */
function valueOfKey(bytes: Buffer, behindString: number): number {
  const at = skipSpace(bytes, behindString);
  return bytes[at] === colon ? skipSpace(bytes, at + 1) : -1;
}

/** At most 2 KB of [start, end); an `end` of -1 lies behind `bytes`. Null when they aren't all there, or none. */
function slice(bytes: Buffer, start: number, end: number): Buffer | null {
  const wantedEnd = end === -1 ? start + openingBytesMax : Math.min(end, start + openingBytesMax);
  return wantedEnd > bytes.length || wantedEnd <= start ? null : bytes.subarray(start, wantedEnd);
}

function isOneOf(texts: readonly Buffer[], bytes: Buffer, start: number, end: number): boolean {
  return texts.some((text) => equals(text, bytes, start, end));
}

function equals(text: Buffer, bytes: Buffer, start: number, end: number): boolean {
  return end - start === text.length && bytes.compare(text, 0, text.length, start, end) === 0;
}
