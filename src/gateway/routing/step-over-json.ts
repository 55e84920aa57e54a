// Steps over JSON that is looked into before anybody parses it: by bytes, and without trusting that it is JSON at all.

export const quote = 0x22;
export const comma = 0x2c;
export const colon = 0x3a;
export const bracketOpen = 0x5b;
export const bracketClose = 0x5d;
export const braceOpen = 0x7b;
export const braceClose = 0x7d;
const backslash = 0x5c;

/** The position behind the value that begins at `start`; -1 when it goes on behind `bytes`. */
export function valueEnd(bytes: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte === quote) {
      const end = stringEnd(bytes, at + 1);
      if (end === -1) return -1;
      at = end + 1;
      if (depth === 0) return at;
      continue;
    }
    if (byte === braceOpen || byte === bracketOpen) {
      depth++;
    } else if (byte === braceClose || byte === bracketClose) {
      // The end of what this number or literal stands in.
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (byte === comma && depth === 0) {
      return at;
    }
    at++;
  }
  return -1;
}

/** The position of the quote that ends the string whose first byte is at `from`; -1 when there is none. */
export function stringEnd(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(quote, from);
  while (at !== -1) {
    let slashes = 0;
    while (at - 1 - slashes >= from && bytes[at - 1 - slashes] === backslash) slashes++;
    if (slashes % 2 === 0) return at;
    at = bytes.indexOf(quote, at + 1);
  }
  return -1;
}

/** The first position from `from` on without white space. */
export function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}
