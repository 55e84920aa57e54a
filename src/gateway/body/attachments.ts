// Counts what a body brings along that is no text: long strings of nothing but base64, such as pictures, recordings and documents.
import { base64BytesMin, base64Stride, isBase64 } from "./base64-runs.ts";

/** Shorter strings are none, and so many bytes may be the beginning of a `data:` URL, which base64 has no letters for. */
export const shortStringBytes = 256;
/** What has looked like base64 for `base64BytesMin` is looked at more rarely. */
const laterStride = 128;

const quote = 0x22;
/** No byte stands here: bodies are smaller. */
const nowhere = 0x7fff_ffff;

/** All positions are absolute byte offsets into the body. */
export class Attachments {
  count = 0;
  bytes = 0;
  /** Of the string at hand. */
  stringStart = -1;
  /** The next of its bytes that has to be one of base64's; `nowhere`: it is text. */
  #sampleAt = nowhere;

  /** A string that began at `start` is longer than `shortStringBytes`. `isText`: it counts as text whatever it looks like. */
  begin(start: number, isText: boolean): void {
    this.stringStart = start;
    this.#sampleAt = isText ? nowhere : start + shortStringBytes;
  }

  /** It goes on up to `chunk[end]`; the chunk begins at `offset`. To be told of all of it, in order, its beginning apart. */
  read(chunk: Buffer, offset: number, end: number): void {
    const start = this.stringStart;
    const bound = offset + end;
    let sampleAt = this.#sampleAt;
    while (sampleAt < bound) {
      const byte = chunk[sampleAt - offset];
      // Before the chunk are escapes that were read one byte a chunk. Those count as base64's; so the quote does, which is one of them.
      if (byte !== undefined && isBase64[byte] !== 1 && byte !== quote) sampleAt = nowhere;
      else sampleAt += sampleAt - start < base64BytesMin ? base64Stride : laterStride;
    }
    this.#sampleAt = sampleAt;
  }

  /** The string at hand can't be base64, whatever it looks like. */
  isText(): void {
    this.#sampleAt = nowhere;
  }

  /** The string that was read has ended before `end`. */
  end(end: number): void {
    const length = end - this.stringStart;
    if (this.#sampleAt === nowhere || length < base64BytesMin) return;
    this.count++;
    this.bytes += length;
  }
}
