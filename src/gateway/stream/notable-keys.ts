// One cheap pass over a JSON event that tells whether it is worth parsing. Nine in ten are not.
import { afterColon } from "./key-with-value.ts";

/** A `usage` or `usageMetadata` that is an object; providers send `"usage":null` with every chunk. */
export const holdsUsage = 1;
/** An `error` that is an object or a text. */
export const holdsError = 2;

const quote = 0x22;
const braceOpen = 0x7b;
const usageRest = Buffer.from('usage"');
const usageMetadataRest = Buffer.from('usageMetadata"');
const errorRest = Buffer.from('error"');

/**
 * The flags `holdsUsage` and `holdsError` of what `bytes` may hold. Errs on the side of yes (any depth, or a value that begins
 * on the next line of data), never takes what stands inside a string for a key, and misses keys written with escapes. A loop,
 * because for some hundred bytes it costs a fraction of two native searches.
 */
export function notableKeys(bytes: Buffer): number {
  let flags = 0;
  const bound = bytes.length - 7;
  for (let at = 0; at < bound; at++) {
    if (bytes[at] !== quote) continue;
    const first = bytes[at + 1];
    if (first === 0x75) {
      const behind = behindKey(bytes, at + 1, usageRest) || behindKey(bytes, at + 1, usageMetadataRest);
      if (behind !== 0 && beginsWith(bytes, behind, braceOpen)) flags |= holdsUsage;
    } else if (first === 0x65) {
      const behind = behindKey(bytes, at + 1, errorRest);
      if (behind !== 0 && (beginsWith(bytes, behind, braceOpen) || beginsWith(bytes, behind, quote))) flags |= holdsError;
    }
  }
  return flags;
}

/** The position behind `rest` when it stands at `at`, else 0. */
function behindKey(bytes: Buffer, at: number, rest: Buffer): number {
  for (let index = 0; index < rest.length; index++) if (bytes[at + index] !== rest[index]) return 0;
  return at + rest.length;
}

function beginsWith(bytes: Buffer, behind: number, valueStart: number): boolean {
  const byte = bytes[afterColon(bytes, behind)];
  return byte === valueStart || byte === 0x0a || byte === 0x0d;
}
