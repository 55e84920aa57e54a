// Keeps from a caller the one chunk of a chat stream that is there only because Headgate asked for `include_usage`.
import { ByteWindow } from "./byte-window.ts";
import { JsonGlance } from "./json-glance.ts";
import { keyWithValue } from "./key-with-value.ts";
import type { SseEvent } from "./sse-event.ts";
import { SseSplitter } from "./sse-splitter.ts";

/** An incomplete event larger than this passes as it comes: no usage chunk is that large. */
const heldBytesMax = 64 * 1024;
const lf = 0x0a;
const choicesKey = Buffer.from('"choices"');

/**
 * Passes a stream through, less the first event whose JSON has empty `choices` and a `usage` object. Of the bytes that came
 * it keeps back only an event that is not complete yet.
 */
export class WithholdUsageChunk {
  readonly #glance = new JsonGlance();
  readonly #splitter = new SseSplitter((event) => this.#look(event));
  /** The bytes from `#sent` to the end of the input. */
  readonly #held = new ByteWindow(heldBytesMax);
  /** Absolute position up to which everything has been passed on or withheld. */
  #sent = 0;
  #offset = 0;
  /** The range to leave out of what goes next. */
  #dropStart = -1;
  #dropEnd = -1;
  #done = false;

  /** What can go to the caller now; null when nothing can. Usually the chunk itself. */
  push(chunk: Buffer): Buffer | null {
    if (chunk.length === 0) return null;
    const base = this.#offset;
    this.#offset += chunk.length;
    if (this.#done) {
      this.#sent = this.#offset;
      return chunk;
    }
    const isWhole = chunk[chunk.length - 1] === lf && chunk[chunk.length - 2] === lf;
    if (isWhole && this.#sent === base && this.#splitter.isBetweenEvents && !this.#mayHoldUsage(chunk)) {
      this.#splitter.skip(chunk);
      this.#sent = this.#offset;
      return chunk;
    }
    this.#splitter.push(chunk);
    return this.#pass(chunk, base);
  }

  /** The stream is over: the rest, or null. */
  end(): Buffer | null {
    this.#splitter.end();
    return this.#pass(noBytes, this.#offset);
  }

  /** Hands out what is decided: all complete events, and an incomplete one that has grown too large or begun to pass. */
  #pass(chunk: Buffer, base: number): Buffer | null {
    const eventStart = this.#splitter.eventStart;
    const end = this.#offset;
    const hasPassed = this.#sent > eventStart;
    const until = this.#done || hasPassed || end - eventStart > heldBytesMax ? end : eventStart;
    const pieces: Buffer[] = [];
    if (until > this.#sent) {
      if (this.#dropStart === -1) {
        this.#take(pieces, chunk, base, this.#sent, until);
      } else {
        this.#take(pieces, chunk, base, this.#sent, this.#dropStart);
        this.#take(pieces, chunk, base, this.#dropEnd, until);
        this.#dropStart = -1;
      }
      this.#sent = until;
      this.#held.clear();
    }
    if (end > this.#sent) this.#held.append(chunk, Math.max(0, this.#sent - base), chunk.length);
    if (pieces.length <= 1) return pieces[0] ?? null;
    return Buffer.concat(pieces);
  }

  /** Adds the bytes from `from` to `to`, some of which are held from earlier chunks. */
  #take(pieces: Buffer[], chunk: Buffer, base: number, from: number, to: number): void {
    if (from < base && from < to) {
      const held = this.#held.bytes();
      // The memory of the held bytes is reused, and what is handed out may wait in a socket's queue.
      pieces.push(Buffer.from(held.subarray(from - this.#sent, Math.min(to, base) - this.#sent)));
    }
    if (to > base && from < to) pieces.push(chunk.subarray(Math.max(0, from - base), to - base));
  }

  #mayHoldUsage(bytes: Buffer): boolean {
    this.#glance.read(bytes);
    return this.#glance.holdsUsage && keyWithValue(bytes, choicesKey, 0x5b);
  }

  #look(event: SseEvent): void {
    if (this.#done || event.start < this.#sent || event.oversized || !this.#mayHoldUsage(event.bytes)) return;
    if (!isUsageChunk(event)) return;
    this.#dropStart = event.start;
    this.#dropEnd = event.end;
    this.#done = true;
  }
}

function isUsageChunk(event: SseEvent): boolean {
  try {
    const parsed = JSON.parse(event.data?.toString() ?? "null") as { choices?: unknown; usage?: unknown } | null;
    if (parsed === null || !Array.isArray(parsed.choices) || parsed.choices.length > 0) return false;
    return typeof parsed.usage === "object" && parsed.usage !== null;
  } catch {
    return false;
  }
}

const noBytes = Buffer.alloc(0);
