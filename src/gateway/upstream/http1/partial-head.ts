// Collects a head that does not come in one piece, and refuses what can't become one before all of it is there.
import { invalidAnswer } from "./upstream-protocol-error.ts";

const headEnd = Buffer.from("\r\n\r\n");
const beginning = "HTTP/1.";
const brokenLineEnd = /[^\r]\n|\r[^\n]/;

export class PartialHead {
  #bytes = Buffer.alloc(0);
  #length = 0;

  /** Bytes collected so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Takes at most `bytesMax` in all from `chunk`, from `at` on. Returns the head's length with its empty line, or -1 while
   * that is not there. Throws UpstreamProtocolError.
   */
  take(chunk: Buffer, at: number, bytesMax: number): number {
    const from = this.#length;
    const taken = Math.min(chunk.length - at, bytesMax - from);
    this.#reserve(from + taken);
    chunk.copy(this.#bytes, from, at, at + taken);
    this.#length += taken;
    const filled = this.#bytes.subarray(0, this.#length);
    const end = filled.indexOf(headEnd, Math.max(0, from - 3));
    if (end !== -1) return end + 4;
    const begun = filled.toString("latin1", 0, beginning.length);
    // With the last byte seen before: it may be half of a line end.
    const lastSeen = Math.max(0, from - 1);
    if (!beginning.startsWith(begun) || brokenLineEnd.test(filled.toString("latin1", lastSeen))) {
      throw invalidAnswer("what came is no head");
    }
    return -1;
  }

  /** The first `length` bytes; nothing is collected any more. */
  release(length: number): string {
    const text = this.#bytes.toString("latin1", 0, length);
    this.clear();
    return text;
  }

  clear(): void {
    if (this.#length > 0) this.#bytes = Buffer.alloc(0);
    this.#length = 0;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(bytes, this.#bytes.length * 2, 1024));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
