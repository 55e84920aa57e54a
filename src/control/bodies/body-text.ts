// The text of a captured body: decompressed, within bounds, and null when it is none.
import type { Transform } from "node:stream";
import { constants, createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { type CapturedBody, capturedBytesMax } from "../../domain/captured-bodies.ts";

export interface BodyText {
  /** Null: bytes that are no text, or that nobody here can decompress. */
  text: string | null;
  /** The body goes on behind it. */
  isCut: boolean;
}

/** Never rejects. */
export async function bodyTextOf({ bytes, encoding, length }: CapturedBody): Promise<BodyText> {
  const isCut = bytes.length < length;
  const name = encoding.trim().toLowerCase();
  if (name === "" || name === "identity") return { text: textOf(bytes, isCut), isCut };
  const decoder = decoderOf(name);
  if (decoder === null) return { text: null, isCut };
  const plain = await decompressed(bytes, decoder);
  if (plain === null) return { text: null, isCut };
  const isLonger = isCut || plain.length > capturedBytesMax;
  return { text: textOf(plain.subarray(0, capturedBytesMax), isLonger), isCut: isLonger };
}

function decoderOf(name: string): Transform | null {
  // What has been cut off is decompressed as far as it goes.
  if (name === "gzip" || name === "x-gzip") return createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
  if (name === "deflate") return createInflate({ finishFlush: constants.Z_SYNC_FLUSH });
  if (name === "br") return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH });
  return null;
}

/** At most one byte more than is kept, however much there would be; null: it is not compressed that way. */
function decompressed(bytes: Buffer, decoder: Transform): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const done = () => {
      decoder.destroy();
      resolve(Buffer.concat(chunks).subarray(0, capturedBytesMax + 1));
    };
    decoder.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > capturedBytesMax) done();
    });
    decoder.once("end", done);
    decoder.on("error", () => resolve(null));
    decoder.end(bytes);
  });
}

/** Strict, so that nothing passes in a form in which no credential would be found. */
function textOf(bytes: Buffer, isCut: boolean): string | null {
  try {
    // A cut may be in the middle of a character.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}
