// A cheap look at JSON bytes before anybody parses them.

const space = 0x20;

/**
 * Whether `quotedKey` (a JSON key with its quotes) occurs with a value that begins with the byte `first`. May say yes for a
 * key anywhere inside, never for one inside a string, whose quotes are escaped. Keys written with escapes are missed.
 */
export function keyWithValue(bytes: Buffer, quotedKey: Buffer, first: number): boolean {
  let at = bytes.indexOf(quotedKey);
  while (at !== -1) {
    at = afterColon(bytes, at + quotedKey.length);
    const byte = bytes[at];
    // A line end: the data goes on in another line of the event.
    if (byte === first || byte === 0x0a || byte === 0x0d) return true;
    at = bytes.indexOf(quotedKey, at);
  }
  return false;
}

/** Where the value begins, given the position behind its key. */
export function afterColon(bytes: Buffer, behindKey: number): number {
  let at = behindKey;
  let byte = bytes[at];
  while (byte === space || byte === 0x3a || byte === 0x09) byte = bytes[++at];
  return at;
}
