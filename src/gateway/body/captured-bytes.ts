// The beginning of a body, copied into memory of its own that is reserved before it grows; the rest is counted alone.
import { capturedBytesMax } from "../../domain/captured-bodies.ts";

const firstBytes = 4096;

export class CapturedBytes {
  /** Of the whole body so far. */
  length = 0;
  readonly #reserve: (bytes: number) => boolean;
  #buffer = Buffer.alloc(0);
  #used = 0;

  /** `reserve` false: there is no more memory to be had. */
  constructor(reserve: (bytes: number) => boolean) {
    this.#reserve = reserve;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#used);
  }

  /** False: there was no memory for it. */
  add(chunk: Buffer): boolean {
    this.length += chunk.length;
    const taken = Math.min(chunk.length, capturedBytesMax - this.#used);
    if (taken === 0) return true;
    if (this.#used + taken > this.#buffer.length && !this.#grow(this.#used + taken)) return false;
    chunk.copy(this.#buffer, this.#used, 0, taken);
    this.#used += taken;
    return true;
  }

  #grow(bytes: number): boolean {
    const size = Math.min(capturedBytesMax, Math.max(firstBytes, 2 * this.#buffer.length, bytes));
    if (!this.#reserve(size - this.#buffer.length)) return false;
    // Not out of Node's pool: a small piece of that holds all of it.
    const larger = Buffer.allocUnsafeSlow(size);
    this.#buffer.copy(larger, 0, 0, this.#used);
    this.#buffer = larger;
    return true;
  }
}
