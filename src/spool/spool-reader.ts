// Reads one spool file from where it was left, whole lines only.
import { isAscii } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";
import type { LedgerRecord } from "../domain/ledger-record.ts";
import { startedStart } from "./spool-files.ts";

/** Read at once: little enough that nothing made of it lives long, which is what the garbage collector charges for. */
const readBytes = 96 * 1024;
/** Each pass becomes one transaction, and what a transaction costs is shared by all in it: some two thousand calls. It holds up others that write. */
const passBytesMax = 2 * 1024 * 1024;

/** A buffer to be shared by readers that take turns. */
export function spoolReadBuffer(): Buffer<ArrayBuffer> {
  return Buffer.allocUnsafeSlow(readBytes);
}

/** Reads on the calling thread, which should have nothing better to do. Throws what opening and reading throw. */
export class SpoolReader {
  readonly #path: string;
  #buffer: Buffer<ArrayBuffer>;
  #fd: number | null = null;
  /** Everything before it has been dealt with. */
  offset = 0;
  /** Up to where the last pass has read. */
  #end = 0;
  /** The last pass left something, or may have: it ended because it was large. */
  hasMore = false;
  /** Lines of the last pass that are no record: what a write that failed half-way leaves. */
  unreadable = 0;

  constructor(path: string, buffer: Buffer<ArrayBuffer> = spoolReadBuffer()) {
    this.#path = path;
    this.#buffer = buffer;
  }

  /**
   * The records after `offset`, up to two megabytes of them, without those starts whose outcome is among them too: the outcome
   * repeats all that they say. From there again each time, until `advance`. What is said about a pass holds once it has been read to its end.
   */
  *pass(): Generator<LedgerRecord, void, undefined> {
    this.#end = this.offset;
    this.unreadable = 0;
    const unsettled = new Map<string, LedgerRecord>();
    this.hasMore = true;
    while (this.hasMore && this.#end - this.offset < passBytesMax) {
      const text = this.#readLines();
      this.hasMore = text !== "";
      yield* this.#recordsOf(text, unsettled);
    }
    yield* unsettled.values();
  }

  /** What the last pass gave has been dealt with. */
  advance(): void {
    this.offset = this.#end;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  /** The next whole lines, and the pass's end moved behind them; "" when there are none. */
  #readLines(): string {
    this.#fd ??= openSync(this.#path, "r");
    for (;;) {
      const bytesRead = readSync(this.#fd, this.#buffer, 0, this.#buffer.length, this.#end);
      const bytes = bytesRead === 0 ? 0 : this.#buffer.lastIndexOf(10, bytesRead - 1) + 1;
      if (bytes > 0 || bytesRead < this.#buffer.length) {
        this.#end += bytes;
        // Nearly all lines are ASCII, which needs no decoding.
        return this.#buffer.toString(isAscii(this.#buffer.subarray(0, bytes)) ? "latin1" : "utf8", 0, bytes);
      }
      // A line that is longer (a caller's path is in it): this file, and no other, is read on in larger pieces.
      this.#buffer = Buffer.allocUnsafeSlow(this.#buffer.length * 2);
    }
  }

  /** The records of the lines, but for starts: those without an outcome here go to `unsettled`, the others nowhere. */
  #recordsOf(text: string, unsettled: Map<string, LedgerRecord>): LedgerRecord[] {
    const records: LedgerRecord[] = [];
    /** Where the starts are, by id. */
    const starts = new Map<string, number>();
    for (let from = 0; from < text.length; ) {
      const to = text.indexOf("\n", from);
      if (text.startsWith(startedStart, from)) {
        starts.set(idAt(text, from), from);
      } else if (to > from) {
        const record = this.#parse(text.slice(from, to));
        if (record !== null) {
          records.push(record);
          if (!starts.delete(record.id)) unsettled.delete(record.id);
        }
      }
      from = to + 1;
    }
    for (const from of starts.values()) {
      const record = this.#parse(text.slice(from, text.indexOf("\n", from)));
      if (record !== null) unsettled.set(record.id, record);
    }
    return records;
  }

  #parse(line: string): LedgerRecord | null {
    try {
      return JSON.parse(line) as LedgerRecord;
    } catch {
      this.unreadable += 1;
      return null;
    }
  }
}

const idField = '"id":"';

/** The id of a start, which comes right behind the event. */
function idAt(text: string, line: number): string {
  const from = line + startedStart.length + idField.length;
  return text.slice(from, text.indexOf('"', from));
}
