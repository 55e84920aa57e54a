// Stamps in streamed chunks: when the provider wrote them, so that the reader knows how long each was on its way.

/** What a stamp begins with; nothing else in an answer has it. */
export const stampMark = 0x7e; // "~"
export const stampDigits = 16;
const zero = 0x30;

/** How an unstamped chunk has it, and what a stamp is replaced with before bytes are compared. */
export const blankStamp = `~${"0".repeat(stampDigits)}`;

/**
 * Writes `nowUs` behind the mark at `at`.
 * @param {Buffer} bytes @param {number} at @param {number} nowUs
 */
export function writeStamp(bytes, at, nowUs) {
  bytes.latin1Write(Math.round(nowUs).toString().padStart(stampDigits, "0"), at + 1, stampDigits);
}

/** Reads the stamps of one stream of bytes, and blanks them. A stamp that is cut in two is blanked and not read. */
export class StampReader {
  #toBlank = 0;

  /**
   * @param {Buffer} bytes @param {number} from @param {number} to
   * @param {(writtenUs: number) => void} onStamp
   */
  read(bytes, from, to, onStamp) {
    let at = from;
    if (this.#toBlank > 0) {
      const end = Math.min(to, at + this.#toBlank);
      bytes.fill(zero, at, end);
      this.#toBlank -= end - at;
      at = end;
    }
    for (;;) {
      const mark = bytes.indexOf(stampMark, at);
      if (mark === -1 || mark >= to) return;
      const end = mark + 1 + stampDigits;
      if (end <= to) onStamp(numberAt(bytes, mark + 1));
      bytes.fill(zero, mark + 1, Math.min(end, to));
      this.#toBlank = Math.max(0, end - to);
      at = Math.min(end, to);
    }
  }
}

function numberAt(bytes, at) {
  let value = 0;
  for (let index = at; index < at + stampDigits; index++) value = value * 10 + (bytes[index] - zero);
  return value;
}
