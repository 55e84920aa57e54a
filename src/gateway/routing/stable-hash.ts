// A 32-bit hash of texts that is the same in every process and release: where a session goes must survive a restart.

const prime = 0x01000193;

/** What `addToHash` starts from. */
export const hashStart = 0x811c9dc5;

/** FNV-1a over the text's UTF-16 code units; texts are joined by feeding the result in again. */
export function addToHash(hash: number, text: string): number {
  let value = hash;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), prime);
  return value;
}

/**
 * The hash as a number between 0 and 1, both excluded. FNV alone leaves the upper bits of short texts alike, so they are mixed
 * first (the finalizer of MurmurHash3).
 */
export function unitOfHash(hash: number): number {
  let mixed = hash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  mixed ^= mixed >>> 16;
  return ((mixed >>> 0) + 0.5) / 2 ** 32;
}
