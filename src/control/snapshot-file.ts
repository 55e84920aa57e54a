// The last good snapshot on disk, encrypted: with it a process starts and serves while the database is away.
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cipher } from "../core/cipher.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { Secret } from "../core/secret.ts";
import type { EndpointView, SnapshotContent } from "../domain/snapshot.ts";

export const snapshotFileName = "snapshot.enc";
const context = "snapshot";
/** Changes come in bursts: one write for all of them. */
const writeAfterMs = 1000;

/** Raised whenever the content gets other fields: a file of another number is as good as none. */
const format = 3;

interface Stored extends Omit<SnapshotContent, "endpoints"> {
  format: number;
  endpoints: (Omit<EndpointView, "credential"> & { credential: string | null })[];
}

export class SnapshotFile {
  readonly #path: string;
  readonly #cipher: Cipher;
  readonly #clock: Clock;
  readonly #log: Logger;
  #pending: (() => SnapshotContent) | null = null;
  #timer: Timer | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(dataDir: string, cipher: Cipher, clock: Clock, log: Logger) {
    this.#path = join(dataDir, snapshotFileName);
    this.#cipher = cipher;
    this.#clock = clock;
    this.#log = log;
  }

  /** The stored snapshot; null when there is none that can be read, or only one of another version of the program. */
  async read(): Promise<SnapshotContent | null> {
    try {
      const stored = JSON.parse(this.#cipher.decrypt(await readFile(this.#path, "utf8"), context)) as Stored;
      if (stored.format !== format) {
        this.#log.info({}, "the stored snapshot is of another version of the program, and left aside");
        return null;
      }
      const { format: _format, ...content } = stored;
      const endpoints = content.endpoints.map((endpoint) => ({
        ...endpoint,
        credential: endpoint.credential === null ? null : new Secret(endpoint.credential),
      }));
      return { ...content, endpoints };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#log.warn({ err: error }, "the stored snapshot can't be used");
      return null;
    }
  }

  /** Writes soon what `content` gives then. */
  save(content: () => SnapshotContent): void {
    this.#pending = content;
    this.#timer ??= this.#clock.after(writeAfterMs, () => this.#write());
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

  #write(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const content = this.#pending?.();
    this.#pending = null;
    if (content === undefined) return;
    const stored: Stored = {
      ...content,
      format,
      endpoints: content.endpoints.map((endpoint) => ({ ...endpoint, credential: endpoint.credential?.expose() ?? null })),
    };
    const text = this.#cipher.encrypt(JSON.stringify(stored), context);
    this.#writing = this.#writing.then(() => this.#replaceFile(text));
  }

  async #replaceFile(text: string): Promise<void> {
    try {
      await writeFile(`${this.#path}.new`, text, { mode: 0o600, flush: true });
      await rename(`${this.#path}.new`, this.#path);
    } catch (error) {
      this.#log.warn({ err: error }, "the snapshot can't be stored; a start without the database won't be possible");
    }
  }
}
