// Finds a usage object in bytes that are too many to be parsed, or are only the end of an answer.
import type { TokenUsage } from "../../core/tokens.ts";
import { afterColon } from "../stream/key-with-value.ts";
import { readUsage } from "./read-usage.ts";

/** The beginning of both `"usage"` and `"usageMetadata"`. */
const usageKey = Buffer.from('"usage');
const metadataRest = Buffer.from("Metadata");
const objectBytesMax = 8 * 1024;
const triesMax = 32;

const quote = 0x22;
const backslash = 0x5c;
const braceOpen = 0x7b;
const braceClose = 0x7d;

/** The last usage in `bytes` that is recognised. Providers put it behind everything that a caller could make look like it. */
export function findLastUsage(bytes: Buffer): TokenUsage | null {
  let at = bytes.length;
  for (let tries = 0; tries < triesMax && at > 0; tries++) {
    at = bytes.lastIndexOf(usageKey, at - 1);
    if (at === -1) return null;
    const start = objectBehind(bytes, at);
    if (start === -1 || bytes[start] !== braceOpen) continue;
    const usage = readObjectAt(bytes, start);
    if (usage !== null) return usage;
  }
  return null;
}

/** Where the value behind the key at `at` begins; -1 when it is another key. */
function objectBehind(bytes: Buffer, at: number): number {
  let end = at + usageKey.length;
  if (bytes[end] === metadataRest[0]) {
    for (const byte of metadataRest) if (bytes[end++] !== byte) return -1;
  }
  return bytes[end] === quote ? afterColon(bytes, end + 1) : -1;
}

function readObjectAt(bytes: Buffer, start: number): TokenUsage | null {
  const bound = Math.min(bytes.length, start + objectBytesMax);
  let depth = 0;
  let inString = false;
  for (let at = start; at < bound; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === backslash) at++;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === braceOpen) depth++;
    else if (byte === braceClose && --depth === 0) {
      try {
        return readUsage(JSON.parse(bytes.toString("utf8", start, at + 1)));
      } catch {
        return null;
      }
    }
  }
  return null;
}
