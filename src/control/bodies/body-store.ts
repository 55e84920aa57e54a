// Takes bodies from the data plane and brings them into the database, with a bound on what waits: beyond it they are dropped and counted.
import type { Cipher } from "../../core/cipher.ts";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { CapturedBodies } from "../../domain/captured-bodies.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import type { RequestBodyRow } from "../../storage/ports/request-bodies.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import type { CleanBodies } from "./clean-body.ts";
import { sealBodies } from "./seal-bodies.ts";
import { ThreadedCleaner } from "./threaded-cleaner.ts";

export interface BodyStoreOptions {
  /** Null while the database is away. */
  storage: () => Storage | null;
  cipher: Cipher;
  clock: Clock;
  log: Logger;
  /** Of all bodies under way and not yet stored. Default: 32 MB. */
  bytesMax?: number;
}

const defaultBytesMax = 32 * 1024 * 1024;
/** For more to come, which are then written together. */
const gatherMs = 250;
const retryMs = 2000;
const rowsPerWrite = 32;
const bytesPerWrite = 4 * 1024 * 1024;

export class BodyStore {
  readonly #options: BodyStoreOptions;
  readonly #bytesMax: number;
  readonly #cleaner = new ThreadedCleaner();
  #heldBytes = 0;
  #dropped = 0;
  #waiting: CapturedBodies[] = [];
  #running: Promise<void> | null = null;
  #isStopping = false;
  /** Ends the pause that is under way. */
  #wake: (() => void) | null = null;

  constructor(options: BodyStoreOptions) {
    this.#options = options;
    this.#bytesMax = options.bytesMax ?? defaultBytesMax;
  }

  /** Of bodies under way and not yet stored. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Calls whose bodies were to be kept, and are not. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Sets memory aside; false: there is none left. */
  reserve(bytes: number): boolean {
    if (this.#isStopping || this.#heldBytes + bytes > this.#bytesMax) return false;
    this.#heldBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes;
  }

  drop(bytes: number): void {
    this.#heldBytes -= bytes;
    this.#dropped++;
  }

  keep(bodies: CapturedBodies): void {
    if (this.#isStopping) return this.drop(bodies.reservedBytes);
    this.#waiting.push(bodies);
    this.#running ??= this.#run();
  }

  /** Takes nothing more; resolves when what waited is stored, or can't be. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake?.();
    await this.#running;
    await this.#cleaner.stop();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#pause(gatherMs);
      const batch = this.#nextBatch();
      const rows = await this.#seal(batch);
      const isWritten = await this.#write(rows);
      let bytes = 0;
      for (const { reservedBytes } of batch) bytes += reservedBytes;
      this.#heldBytes -= bytes;
      if (!isWritten) this.#dropped += rows.length;
    }
    this.#running = null;
  }

  #nextBatch(): CapturedBodies[] {
    let count = 0;
    let bytes = 0;
    while (count < Math.min(rowsPerWrite, this.#waiting.length) && bytes < bytesPerWrite) {
      bytes += (this.#waiting[count] as CapturedBodies).reservedBytes;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #seal(batch: readonly CapturedBodies[]): Promise<RequestBodyRow[]> {
    const clean: CleanBodies = (body, wanted) => this.#cleaner.clean(body, wanted);
    const rows: RequestBodyRow[] = [];
    for (const bodies of batch) {
      try {
        rows.push(await sealBodies(this.#options.cipher, clean, bodies));
      } catch (error) {
        this.#dropped++;
        this.#options.log.error({ err: error, request_id: bodies.requestId }, "the bodies of a request can't be kept");
      }
    }
    return rows;
  }

  /** Tries until it is done; false: it can't be. */
  async #write(rows: readonly RequestBodyRow[]): Promise<boolean> {
    const { storage, log } = this.#options;
    for (;;) {
      try {
        const database = storage();
        if (database === null) throw new StorageUnavailable("the database is away");
        await database.requestBodies.insert(rows);
        return true;
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) {
          log.error({ err: error, requests: rows.length }, "bodies of requests can't be stored");
          return false;
        }
        if (this.#isStopping) {
          log.warn({ requests: rows.length }, "the database is away: bodies of requests are lost with the end of the process");
          return false;
        }
      }
      await this.#pause(retryMs);
    }
  }

  #pause(ms: number): Promise<void> {
    if (this.#isStopping) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(ms, () => {
        this.#wake = null;
        resolve();
      });
      this.#wake = () => {
        this.#wake = null;
        timer.cancel();
        resolve();
      };
    });
  }
}
