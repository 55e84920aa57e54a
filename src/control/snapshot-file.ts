// The last good snapshot on disk, encrypted: with it a process starts and serves while the database is away.
import { randomUUID } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cipher } from "../core/cipher.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { SnapshotContent } from "../domain/snapshot.ts";
import { listsOfRows, rowsOf, type SnapshotRows } from "../domain/snapshot-rows.ts";

export const snapshotFileName = "snapshot.enc";
const context = "snapshot";
/** Changes come in bursts: one write for all of them … */
const writeAfterMs = 1000;
/** … and with thousands of users, who come all the time, no more of them than leave nineteen parts of twenty for calls. */
const restPerWrite = 19;
const writeAfterMsMax = 30_000;

/** Raised whenever the content gets other fields: a file of another number is as good as none. */
const format = 6;

/** The first line; the others hold the rows, a few of one list in each. */
interface Head extends Pick<SnapshotContent, "version" | "builtAtMs"> {
  format: number;
  /** Of this writing: its lines fit no other. */
  id: string;
  lines: number;
}

/** Encrypted at once: calls go on in between. */
const rowsPerLine = 200;

export class SnapshotFile {
  readonly #path: string;
  readonly #cipher: Cipher;
  readonly #clock: Clock;
  readonly #log: Logger;
  #pending: (() => SnapshotContent) | null = null;
  #timer: Timer | null = null;
  #isClosed = false;
  #writing: Promise<void> = Promise.resolve();
  #writeAfterMs = writeAfterMs;

  constructor(dataDir: string, cipher: Cipher, clock: Clock, log: Logger) {
    this.#path = join(dataDir, snapshotFileName);
    this.#cipher = cipher;
    this.#clock = clock;
    this.#log = log;
  }

  /** The stored snapshot; null when there is none that can be read, or only one of another version of the program. */
  async read(): Promise<SnapshotContent | null> {
    try {
      const [first = "", ...lines] = (await readFile(this.#path, "utf8")).trimEnd().split("\n");
      const head = JSON.parse(this.#cipher.decrypt(first, context)) as Head;
      if (head.format !== format) {
        this.#log.info({}, "the stored snapshot is of another version of the program, and left aside");
        return null;
      }
      if (lines.length !== head.lines) throw new Error("lines are missing");
      const pieces = lines.map((line, index) => JSON.parse(this.#cipher.decrypt(line, lineContext(head, index))) as SnapshotRows);
      return { version: head.version, builtAtMs: head.builtAtMs, ...listsOfRows(pieces) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#log.warn({ err: error }, "the stored snapshot can't be used");
      return null;
    }
  }

  /** Writes soon what `content` gives then. */
  save(content: () => SnapshotContent): void {
    if (this.#isClosed) return;
    this.#pending = content;
    this.#timer ??= this.#clock.after(this.#writeAfterMs, () => this.#write());
  }

  /** Removes the file until the next one is written; rejects when that can't be done: a start from it would let in again whom a change has just shut out. */
  invalidate(): Promise<void> {
    // In turn with the writes: one that has begun shows what was before the change, one that follows what came of it.
    const removed = this.#writing.then(() => rm(this.#path, { force: true }));
    // Whoever asked is told of a failure; the writes that follow go on.
    this.#writing = removed.catch(() => undefined);
    return removed;
  }

  /** Writes at once what waits to be written. */
  async flush(): Promise<void> {
    if (this.#pending !== null) this.#write();
    await this.#writing;
  }

  /** Flushes; whatever is still published after that is not written any more: the folder may be somebody else's by then. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
  }

  #write(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const content = this.#pending?.();
    this.#pending = null;
    if (content === undefined) return;
    this.#writing = this.#writing.then(() => this.#replaceFile(content));
  }

  async #replaceFile(content: SnapshotContent): Promise<void> {
    const startedAt = performance.now();
    try {
      await writeFile(`${this.#path}.new`, this.#lines(content), { mode: 0o600, flush: true });
      await rename(`${this.#path}.new`, this.#path);
    } catch (error) {
      this.#log.warn({ err: error }, "the snapshot can't be stored; a start without the database won't be possible");
    }
    const restMs = restPerWrite * (performance.now() - startedAt);
    this.#writeAfterMs = Math.min(Math.max(writeAfterMs, restMs), writeAfterMsMax);
  }

  /** One by one, as they are written. */
  *#lines(content: SnapshotContent): Generator<string> {
    const { version, builtAtMs } = content;
    const pieces = [...rowsOf(content, rowsPerLine)];
    const head: Head = { format, id: randomUUID(), lines: pieces.length, version, builtAtMs };
    yield `${this.#cipher.encrypt(JSON.stringify(head), context)}\n`;
    for (const [index, piece] of pieces.entries()) {
      yield `${this.#cipher.encrypt(JSON.stringify(piece), lineContext(head, index))}\n`;
    }
  }
}

function lineContext({ id }: Head, index: number): string {
  return `${context}:${id}:${index}`;
}
