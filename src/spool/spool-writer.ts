// Writes ledger records to local append-only files: one write per turn of the event loop, fsync every 50 ms.
import { close, fdatasync, ftruncateSync, open, write, writeSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { promisify } from "node:util";
import type { Clock, Timer } from "../core/clock.ts";
import { JsonBytes, utf8 } from "../core/json-bytes.ts";
import type { Logger } from "../core/logger.ts";
import type { AttemptOutcome, AttemptStarted } from "../domain/ledger-record.ts";
import { RecordEncoder } from "./record-encoder.ts";
import { settledStart, spoolFilePath } from "./spool-files.ts";

export interface SpoolWriterOptions {
  dir: string;
  processId: string;
  /** refuse: no new work while records can't be written. continue: work goes on and is counted as unrecorded. */
  onFailure: "refuse" | "continue";
  clock: Clock;
  log: Logger;
  /** A file is closed and a new one begun beyond this size. */
  fileBytesMax?: number;
}

const fsyncEveryMs = 50;
const retryEveryMs = 1000;
/** Outcomes kept in memory while the disk refuses them; beyond this they are counted as unrecorded. */
const unwrittenRecordsMax = 20_000;

const lineEnd = utf8("\n");
const isRecord = (line: string) => line !== "";
const isOutcome = (line: string) => line.startsWith(settledStart);

type Done = (error: Error | null) => void;

const openFile = promisify(open);
const closeFile = promisify(close);

export class SpoolWriter {
  readonly #options: SpoolWriterOptions;
  readonly #fileBytesMax: number;
  #fd = -1;
  #sequence = 0;
  #fileBytes = 0;
  /** How much of the file is whole records. */
  #goodBytes = 0;
  #rotateAtBytes = 0;
  readonly #encoder = new RecordEncoder();
  /** Whole lines, each ended: those to be written next, and those that are being written. */
  #batch = new JsonBytes();
  #flushed = new JsonBytes();
  /** Who waits for each of the two. */
  #waiting: Done[] = [];
  #flushedFor: Done[] = [];
  #scheduled = false;
  #writing = false;
  #dirty = false;
  #syncing = false;
  #syncTimer: Timer | null = null;
  #retryTimer: Timer | null = null;
  #failure: Error | null = null;
  /** Outcomes of attempts whose calls have been answered: written once the disk takes them again. */
  #unwritten: string[] = [];
  #torn = false;
  #closed = false;
  #whenQuiet: (() => void) | null = null;
  /** Records that will never reach the ledger. */
  unrecorded = 0;

  private constructor(options: SpoolWriterOptions) {
    this.#options = options;
    this.#fileBytesMax = options.fileBytesMax ?? 8 * 1024 * 1024;
  }

  /** Opens the spool, creating its folder and this process's first file. */
  static async open(options: SpoolWriterOptions): Promise<SpoolWriter> {
    await mkdir(options.dir, { recursive: true, mode: 0o700 });
    const writer = new SpoolWriter(options);
    await writer.#openNext();
    return writer;
  }

  get accepting(): boolean {
    return this.#failure === null || this.#options.onFailure === "continue";
  }

  get failure(): Error | null {
    return this.#failure;
  }

  start(started: AttemptStarted, done: Done): void {
    this.#append(started, null, done);
  }

  settle(started: AttemptStarted, outcome: AttemptOutcome, done: Done): void {
    this.#append(started, outcome, done);
  }

  #append(started: AttemptStarted, outcome: AttemptOutcome | null, done: Done): void {
    const batch = this.#batch;
    const from = batch.length;
    try {
      if (outcome === null) this.#encoder.started(batch, started);
      else this.#encoder.settled(batch, started, outcome);
    } catch (error) {
      // Half a line would spoil the next one.
      batch.truncate(from);
      throw error;
    }
    this.#waiting.push(done);
    if (this.#scheduled || this.#writing) return;
    this.#scheduled = true;
    setImmediate(this.#endOfTurn);
  }

  readonly #endOfTurn = (): void => {
    this.#scheduled = false;
    this.#flush();
  };

  /** Writes and syncs what is left, then closes the file. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#scheduled || this.#writing || this.#batch.length > 0) {
      await new Promise<void>((resolve) => {
        this.#whenQuiet = resolve;
      });
    }
    this.#syncTimer?.cancel();
    this.#retryTimer?.cancel();
    this.#writeLastOutcomes();
    if (this.#fd >= 0) {
      await promisify(fdatasync)(this.#fd).catch(() => undefined);
      await closeFile(this.#fd);
      this.#fd = -1;
    }
  }

  /** A last try with what the disk has refused so far; what it refuses now is lost, and said to be. */
  #writeLastOutcomes(): void {
    if (this.#unwritten.length === 0) return;
    try {
      writeSync(this.#fd, `${this.#torn ? "\n" : ""}${this.#unwritten.join("\n")}\n`);
    } catch (error) {
      this.unrecorded += this.#unwritten.length;
      this.#options.log.error(
        { err: error, records: this.#unwritten.length },
        "outcomes of calls could not be recorded and are lost",
      );
    }
    this.#unwritten = [];
  }

  #flush(): void {
    if (this.#writing) return;
    const batch = this.#batch;
    if (batch.length === 0 && this.#unwritten.length === 0) {
      this.#whenQuiet?.();
      return;
    }
    this.#batch = this.#flushed;
    this.#flushed = batch;
    this.#flushedFor = this.#waiting;
    this.#waiting = [];
    this.#writing = true;
    if (!this.#torn && this.#unwritten.length === 0) return this.#write(batch.buffer, 0, batch.length);
    // A newline first ends what an earlier failed write may have left of a line.
    const before = `${this.#torn ? "\n" : ""}${this.#unwritten.map((line) => `${line}\n`).join("")}`;
    const bytes = Buffer.concat([Buffer.from(before), batch.buffer.subarray(0, batch.length)]);
    this.#write(bytes, 0, bytes.length);
  }

  #write(bytes: Buffer, from: number, to: number): void {
    if (this.#fd < 0) return this.#wrote(this.#failure ?? new Error("the spool file is not open"));
    // Into the page cache a few kilobytes take microseconds, a trip through the thread pool ten times as long. Only while
    // the file is being synced could a write have to wait for the disk: then it is the pool that waits.
    if (this.#syncing) {
      write(this.#fd, bytes, from, to - from, null, (error, written) => {
        if (error !== null) return this.#wrote(error);
        this.#fileBytes += written;
        if (from + written < to) this.#write(bytes, from + written, to);
        else this.#wrote(null);
      });
      return;
    }
    try {
      for (let at = from; at < to; ) {
        const written = writeSync(this.#fd, bytes, at, to - at);
        this.#fileBytes += written;
        at += written;
      }
    } catch (error) {
      return this.#wrote(error as Error);
    }
    this.#wrote(null);
  }

  /** The end of a flush: what it wrote is in the file, or none of it is. */
  #wrote(error: Error | null): void {
    const waiting = this.#flushedFor;
    this.#writing = false;
    if (error === null) this.#succeeded();
    else this.#failed(error);
    this.#flushed.clear();
    const answer = this.#options.onFailure === "continue" ? null : error;
    for (const done of waiting) done(answer);
    if (this.#batch.length > 0) this.#flush();
    else if (error === null || this.#closed) this.#whenQuiet?.();
  }

  #succeeded(): void {
    this.#torn = false;
    this.#unwritten = [];
    this.#goodBytes = this.#fileBytes;
    if (this.#failure !== null) {
      this.#options.log.info({ unrecorded: this.unrecorded }, "usage is being recorded again");
      this.#failure = null;
    }
    this.#dirty = true;
    this.#syncTimer ??= this.#options.clock.after(fsyncEveryMs, () => this.#sync());
    if (this.#fileBytes >= this.#rotateAtBytes && !this.#closed) this.#rotate();
  }

  /** Keeps the outcomes for the retry: their callers have been served. What only started is refused and forgotten. */
  #failed(error: Error): void {
    this.#torn = !this.#takeBack();
    if (this.#failure === null) {
      this.#options.log.error({ err: error, dir: this.#options.dir }, "usage can't be written to the spool");
    }
    this.#failure = error;
    const lines = this.#flushed.toString().split("\n");
    const isKept = this.#options.onFailure === "continue" ? isRecord : isOutcome;
    const outcomes = [...this.#unwritten, ...lines.filter(isKept)];
    this.#unwritten = outcomes.slice(0, unwrittenRecordsMax);
    this.unrecorded += outcomes.length - this.#unwritten.length;
    this.#retryTimer ??= this.#options.clock.after(retryEveryMs, () => {
      this.#retryTimer = null;
      void this.#retry();
    });
  }

  /** Cuts off what a write that failed half-way has left: a start in it was refused and must not show. False when that fails too. */
  #takeBack(): boolean {
    if (this.#fd < 0) return false;
    try {
      ftruncateSync(this.#fd, this.#goodBytes);
    } catch {
      return false;
    }
    this.#fileBytes = this.#goodBytes;
    return true;
  }

  async #retry(): Promise<void> {
    if (this.#closed || this.#failure === null) return;
    if (this.#writing) {
      // The end of that write says whether a retry is still needed.
      this.#retryTimer ??= this.#options.clock.after(retryEveryMs, () => {
        this.#retryTimer = null;
        void this.#retry();
      });
      return;
    }
    this.#writing = true;
    // A new file where one can be had: the old one may be on a descriptor that will never work again.
    await this.#openNext().then(
      () => {
        this.#torn = false;
      },
      () => undefined,
    );
    this.#writing = false;
    // Even with nothing to write, only a write shows that the disk takes records again.
    if (this.#unwritten.length === 0 && this.#batch.length === 0) this.#batch.raw(lineEnd);
    this.#flush();
  }

  #rotate(): void {
    this.#writing = true;
    void this.#openNext()
      .catch((error: Error) => {
        // The current file still takes records: it grows on, and the next one is tried for when it has grown as much again.
        this.#rotateAtBytes = this.#fileBytes + this.#fileBytesMax;
        this.#options.log.warn({ err: error }, "a new spool file can't be created");
      })
      .finally(() => {
        this.#writing = false;
        this.#flush();
      });
  }

  async #openNext(): Promise<void> {
    const old = this.#fd;
    const fd = await openFile(spoolFilePath(this.#options.dir, this.#options.processId, this.#sequence + 1), "ax", 0o600);
    this.#fd = fd;
    this.#sequence += 1;
    this.#fileBytes = 0;
    this.#goodBytes = 0;
    this.#rotateAtBytes = this.#fileBytesMax;
    if (old >= 0) {
      fdatasync(old, () => close(old, () => undefined));
    }
  }

  #sync(): void {
    this.#syncTimer = null;
    if (!this.#dirty || this.#fd < 0) return;
    if (this.#syncing) {
      this.#syncTimer = this.#options.clock.after(fsyncEveryMs, () => this.#sync());
      return;
    }
    this.#dirty = false;
    this.#syncing = true;
    fdatasync(this.#fd, (error) => {
      this.#syncing = false;
      if (error !== null) this.#options.log.warn({ err: error }, "the spool could not be synced to disk");
    });
  }
}
