// Splits a server-sent event stream into its events (WHATWG HTML, section 9.2), however its bytes are cut.
import { ByteWindow } from "./byte-window.ts";
import { SseEvent } from "./sse-event.ts";

const eventBytesMax = 1024 * 1024;
/** How much of an oversized event's beginning is kept: enough for its name. */
const headBytes = 256;

const lf = 0x0a;
const cr = 0x0d;
const byteOrderMark = [0xef, 0xbb, 0xbf];

/**
 * Calls back once for every complete event, in order; together their ranges cover the stream. Lines end with LF, CRLF or
 * CR; an event that ends with CR waits for the next byte, which may be the LF that belongs to it.
 */
export class SseSplitter {
  readonly #onEvent: (event: SseEvent) => void;
  /** The incomplete event's bytes in earlier chunks. */
  readonly #held = new ByteWindow(eventBytesMax);
  /** The beginning of an event that has turned out oversized. */
  #head: Buffer | null = null;
  /** Absolute position of the next chunk. */
  #offset = 0;
  #eventStart = 0;
  /** No byte of the current line has been seen. */
  #lineIsEmpty = true;
  /** Lines of the event so far that are not blank. */
  #lineCount = 0;
  #afterCr = false;
  /** The blank line has ended with a CR at the end of a chunk. */
  #eventEnded = false;
  #markIndex = 0;

  constructor(onEvent: (event: SseEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** Absolute position where the incomplete event starts; the end of the input when there is none. */
  get eventStart(): number {
    return this.#eventStart;
  }

  /** Bytes of the incomplete event. */
  get heldBytes(): number {
    return this.#held.total;
  }

  /** The incomplete event as it would come if the stream ended now; null when there is none. */
  peek(): SseEvent | null {
    if (this.#held.total === 0) return null;
    return new SseEvent(this.#eventStart, this.#offset, this.#held.bytes(), this.#eventEnded, this.#lineCount, this.#head);
  }

  push(chunk: Buffer): void {
    const length = chunk.length;
    if (length === 0) return;
    let from = 0;
    let at = 0;
    if (this.#afterCr) {
      this.#afterCr = false;
      if (chunk[0] === lf) at = 1;
      if (this.#eventEnded) {
        this.#eventEnded = false;
        this.#endEvent(chunk, 0, at, true);
        from = at;
      }
    }
    if (this.#markIndex < 3) at = this.#skipByteOrderMark(chunk, at);
    let nextCr = -2;
    let nextLf = -2;
    while (at < length) {
      const byte = chunk[at];
      let end = at;
      if (byte !== lf && byte !== cr) {
        if (nextLf < at && nextLf !== -1) nextLf = chunk.indexOf(lf, at);
        if (nextCr < at && nextCr !== -1) nextCr = chunk.indexOf(cr, at);
        end = nextLf === -1 || (nextCr !== -1 && nextCr < nextLf) ? nextCr : nextLf;
        if (this.#lineIsEmpty) {
          this.#lineIsEmpty = false;
          this.#lineCount++;
        }
        if (end === -1) break;
      }
      const isBlank = this.#lineIsEmpty;
      this.#lineIsEmpty = true;
      at = end + 1;
      if (chunk[end] === cr) {
        if (at === length) {
          this.#afterCr = true;
          this.#eventEnded = isBlank;
          break;
        }
        if (chunk[at] === lf) at++;
      }
      if (isBlank) {
        this.#endEvent(chunk, from, at, true);
        from = at;
      }
    }
    if (from < length) this.#hold(chunk, from, length);
    this.#offset += length;
  }

  /** Passes over a chunk of whole events without looking: only between events, and when it ends with a blank line's LF. */
  skip(chunk: Buffer): void {
    this.#offset += chunk.length;
    this.#eventStart = this.#offset;
    this.#markIndex = 3;
  }

  /** True between events, where a chunk may be skipped. */
  get isBetweenEvents(): boolean {
    return this.#held.total === 0 && !this.#afterCr;
  }

  /** The stream is over: what is left comes as an event that is not `terminated`. */
  end(): void {
    this.#afterCr = false;
    if (this.#held.total > 0) this.#endEvent(noBytes, 0, 0, this.#eventEnded);
    this.#eventEnded = false;
    this.#lineIsEmpty = true;
  }

  #skipByteOrderMark(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && this.#markIndex < 3) {
      if (chunk[at] !== byteOrderMark[this.#markIndex]) {
        if (this.#markIndex > 0) {
          // Part of a mark is part of a line.
          this.#lineIsEmpty = false;
          this.#lineCount = 1;
        }
        this.#markIndex = 3;
        break;
      }
      this.#markIndex++;
      at++;
    }
    return at;
  }

  #endEvent(chunk: Buffer, from: number, to: number, terminated: boolean): void {
    const start = this.#eventStart;
    const end = this.#offset + to;
    this.#eventStart = end;
    let bytes: Buffer;
    if (this.#held.total === 0 && to - from <= eventBytesMax) {
      bytes = from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to);
    } else {
      this.#hold(chunk, from, to);
      bytes = this.#held.bytes();
    }
    const head = this.#head;
    const lineCount = this.#lineCount;
    this.#head = null;
    this.#lineCount = 0;
    this.#onEvent(new SseEvent(start, end, bytes, terminated, lineCount, head));
    if (this.#held.total > 0) this.#held.clear();
  }

  #hold(chunk: Buffer, from: number, to: number): void {
    if (this.#head === null && this.#held.total + to - from > eventBytesMax) {
      const pieces = [this.#held.bytes().subarray(0, headBytes), chunk.subarray(from, Math.min(to, from + headBytes))];
      this.#head = Buffer.concat(pieces).subarray(0, headBytes);
    }
    this.#held.append(chunk, from, to);
  }
}

const noBytes = Buffer.alloc(0);
