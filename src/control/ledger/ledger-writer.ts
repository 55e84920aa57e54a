// Moves ledger records from the spool files into the database: in batches, again and again until each is in, then deletes the files.
import { appendFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { LedgerRecord } from "../../domain/ledger-record.ts";
import { listSpoolFiles, type SpoolFile } from "../../spool/spool-files.ts";
import { SpoolReader, spoolReadBuffer } from "../../spool/spool-reader.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import type { LedgerIntake } from "../../storage/ports/ledger.ts";
import type { LiveProcesses } from "./live-processes.ts";

export interface LedgerWriterOptions {
  dir: string;
  /** The processes whose last files are still being written. */
  live: LiveProcesses;
  ledger: () => LedgerIntake | null;
  clock: Clock;
  log: Logger;
  /** Runs after every look at the spool. */
  onProgress?: () => void;
  /** What a process that is gone left unfinished is closed: nothing more comes from it. May be said again after a failure. */
  onClosed?: (processId: string) => void;
}

const everyMs = 500;
const afterFailureMs = 1000;
/** Between the transactions of a large backlog: whoever else writes to a SQLite file only now and then tries whether it is free. */
const giveWayMs = 10;

export class LedgerWriter {
  readonly #options: LedgerWriterOptions;
  readonly #buffer = spoolReadBuffer();
  /** By path; each knows how far its file is in the database. A restart begins at 0 again, which changes nothing: records are idempotent. */
  readonly #readers = new Map<string, SpoolReader>();
  #timer: Timer | null = null;
  #running: Promise<void> | null = null;
  #stopped = false;
  /** Bytes of the spool that the database doesn't have yet, as of the last look. */
  backlogBytes = 0;
  /** Bytes of the spool that have come into the database since the start. */
  ingestedBytes = 0;
  /** What earlier processes left in the spool is in the database. */
  hasCaughtUp = false;
  /** Why the database takes no usage at the moment; null while it does. A file locked for writing shows here first, or only here. */
  failure: Error | null = null;

  constructor(options: LedgerWriterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#schedule(0);
  }

  /** Takes in everything that is in the spool now; resolves false when the database is away. */
  async catchUp(): Promise<boolean> {
    await this.#running;
    let caughtUp = false;
    this.#running = this.#drainFiles().then((done) => {
      caughtUp = done;
    });
    await this.#running;
    return caughtUp;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.catchUp();
    for (const reader of this.#readers.values()) reader.close();
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(delayMs, async () => {
      const caughtUp = await this.catchUp();
      this.#options.onProgress?.();
      this.#schedule(caughtUp ? everyMs : afterFailureMs);
    });
  }

  async #drainFiles(): Promise<boolean> {
    const ledger = this.#options.ledger();
    const { live, clock } = this.#options;
    try {
      const left = live.left;
      const isGone = live.look(clock.nowMs());
      const files = await listSpoolFiles(this.#options.dir);
      if (ledger === null) {
        await this.#measureBacklog(files);
        return false;
      }
      let failed = false;
      for (const file of files) {
        if (!(await this.#drainFile(ledger, file, files, isGone))) failed = true;
        if (failed) break;
      }
      // One that ended before it had a file, or whose file somebody took.
      for (const id of failed ? [] : left) {
        if (isGone(id) && live.left.includes(id) && !(await this.#interrupt(ledger, id))) failed = true;
      }
      await this.#measureBacklog(failed ? files : []);
      if (failed) return false;
      this.failure = null;
      this.hasCaughtUp = true;
      return true;
    } catch (error) {
      this.#options.log.error({ err: error }, "the spool can't be read");
      return false;
    }
  }

  async #drainFile(
    ledger: LedgerIntake,
    file: SpoolFile,
    files: readonly SpoolFile[],
    isGone: (processId: string) => boolean,
  ): Promise<boolean> {
    const isLast = !files.some((other) => other.processId === file.processId && other.sequence > file.sequence);
    // The spool begins a new file only when nothing is being written to the one before, and `files` was listed before reading.
    const isComplete = !isLast || isGone(file.processId);
    const reader = this.#readerOf(file.path);
    for (;;) {
      if (!(await this.#ingest(ledger, reader))) return false;
      if (reader.unreadable > 0)
        this.#options.log.warn({ file: file.path, lines: reader.unreadable }, "spool lines are unreadable");
      const before = reader.offset;
      reader.advance();
      this.ingestedBytes += reader.offset - before;
      if (!reader.hasMore) break;
      await new Promise<void>((resolve) => this.#options.clock.after(giveWayMs, resolve));
    }
    if (!isComplete) return true;
    if (isLast && !(await this.#interrupt(ledger, file.processId))) return false;
    reader.close();
    await unlink(file.path);
    this.#readers.delete(file.path);
    return true;
  }

  #readerOf(path: string): SpoolReader {
    let reader = this.#readers.get(path);
    if (reader === undefined) {
      reader = new SpoolReader(path, this.#buffer);
      this.#readers.set(path, reader);
    }
    return reader;
  }

  /** What a process that is gone left unfinished is over: shown as interrupted. */
  async #interrupt(ledger: LedgerIntake, processId: string): Promise<boolean> {
    try {
      const count = await ledger.interrupt(processId, this.#options.clock.nowMs());
      if (count > 0)
        this.#options.log.warn(
          { process_id: processId, attempts: count },
          "attempts were interrupted by the end of their process",
        );
      this.#options.live.closed(processId);
      this.#options.onClosed?.(processId);
      return true;
    } catch (error) {
      this.#logFailure(error);
      return false;
    }
  }

  async #ingest(ledger: LedgerIntake, reader: SpoolReader): Promise<boolean> {
    try {
      await ledger.ingest(reader.pass());
      return true;
    } catch (error) {
      if (error instanceof StorageUnavailable) {
        this.#logFailure(error);
        return false;
      }
      return this.#ingestOneByOne(ledger, reader.pass());
    }
  }

  /** A record that the database will never take must not hold up the others: it is set aside, on disk. */
  async #ingestOneByOne(ledger: LedgerIntake, records: Iterable<LedgerRecord>): Promise<boolean> {
    for (const record of records) {
      try {
        await ledger.ingest([record]);
      } catch (error) {
        if (error instanceof StorageUnavailable) {
          this.#logFailure(error);
          return false;
        }
        this.#options.log.error(
          { err: error, attempt: record.id },
          "a ledger record was refused and set aside in rejected.ndjson",
        );
        await appendFile(join(this.#options.dir, "rejected.ndjson"), `${JSON.stringify(record)}\n`, { mode: 0o600 });
      }
    }
    return true;
  }

  #logFailure(error: unknown): void {
    this.failure = error instanceof Error ? error : new Error(String(error));
    this.#options.log.warn(
      { err: error, backlog_bytes: this.backlogBytes },
      "the database does not take usage; it stays in the spool",
    );
  }

  async #measureBacklog(files: readonly SpoolFile[]): Promise<void> {
    let bytes = 0;
    for (const file of files) {
      const size = await stat(file.path).then(
        (found) => found.size,
        () => 0,
      );
      bytes += Math.max(0, size - (this.#readers.get(file.path)?.offset ?? 0));
    }
    this.backlogBytes = bytes;
  }
}
