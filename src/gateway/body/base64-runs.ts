// Tells images, audio and documents inside JSON from text by their look: long stretches of nothing but base64's letters.

/** 1 for what base64 consists of, in either alphabet, and for how JSON may write it: `\/`, `\n` between lines, `\u002B`. */
export const isBase64 = new Uint8Array(256);
for (const byte of Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_\\")) isBase64[byte] = 1;

/** Of so many bytes one is looked at: words, code and JSON have something else within a hundred of those. A prime: text may repeat itself. */
export const base64Stride = 17;

/** Shorter stretches count as text: keys, hashes and signatures are no pictures. */
export const base64BytesMin = 2048;

/** How many of the bytes that were pushed are in such stretches; wherever they are cut. */
export class Base64Runs {
  #total = 0;
  #samples = 0;
  #ended = 0;

  push(chunk: Buffer): void {
    const { length } = chunk;
    let at = (base64Stride - (this.#total % base64Stride)) % base64Stride;
    for (; at < length; at += base64Stride) {
      if (isBase64[chunk[at] as number] === 1) {
        this.#samples++;
      } else {
        this.#ended += this.#running;
        this.#samples = 0;
      }
    }
    this.#total += length;
  }

  get bytes(): number {
    return this.#ended + this.#running;
  }

  get #running(): number {
    const bytes = this.#samples * base64Stride;
    return bytes >= base64BytesMin ? bytes : 0;
  }
}

const dataUrlMark = Buffer.from(";base64,");

/** Bytes of the data of long `data:` URLs in `bytes[start…end)`, text that may hold some. */
export function dataUrlBytes(bytes: Buffer, start: number, end: number): number {
  if (end - start < base64BytesMin) return 0;
  const text = bytes.subarray(start, end);
  let found = 0;
  for (let at = text.indexOf(dataUrlMark); at !== -1; at = text.indexOf(dataUrlMark, at)) {
    const from = at + dataUrlMark.length;
    at = from;
    while (at < text.length && isBase64[text[at] as number] === 1) at++;
    if (at - from >= base64BytesMin) found += at - from;
  }
  return found;
}
