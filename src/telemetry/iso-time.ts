// The time as ISO 8601, as bytes: within one second only the milliseconds are written anew.
import { utf8 } from "../core/json-bytes.ts";

export class IsoTime {
  #second = Number.NaN;
  #bytes = utf8("");

  /** `2026-01-31T09:30:00.123Z`; the bytes are good until the next call. */
  at(ms: number): Uint8Array {
    const second = Math.floor(ms / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#bytes = utf8(new Date(ms).toISOString());
      return this.#bytes;
    }
    const bytes = this.#bytes;
    const millisecond = ms - second * 1000;
    const digitsAt = bytes.length - 4;
    bytes[digitsAt] = 0x30 + Math.floor(millisecond / 100);
    bytes[digitsAt + 1] = 0x30 + (Math.floor(millisecond / 10) % 10);
    bytes[digitsAt + 2] = 0x30 + (millisecond % 10);
    return bytes;
  }
}
