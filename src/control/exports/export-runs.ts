// Exports under way: a few at a time, the rest in a queue; what becomes of each is in the database, its file in the data directory.
import { Readable } from "node:stream";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import type { ExportRow } from "../../storage/ports/exports.ts";
import type { Repositories, Storage } from "../../storage/ports/storage.ts";
import { failureText, interruptedText, unforeseenText } from "./export-failure.ts";
import { ExportFiles } from "./export-files.ts";
import { type ExportLimits, isFinished, makePlace, oldestBeyond } from "./export-space.ts";
import { readParts, writeParts } from "./shared-file.ts";
import { type ExportContent, type ExportProgress, writeExport } from "./write-export.ts";

export interface ExportRunsOptions {
  /** Null: the database is away. */
  storage: () => Storage | null;
  dataDir: string;
  /** What is in the file of an export. */
  contentOf(storage: Storage, row: ExportRow): ExportContent;
  clock: Clock;
  log: Logger;
  /** Told whenever an export has come further. */
  onChanged?: () => void;
  limits?: Partial<ExportLimits>;
}

type Recorded = (repositories: Repositories) => Promise<void>;

interface Waiting {
  id: string;
  userId: string | null;
}

interface Job {
  userId: string | null;
  controller: AbortController;
  ended: Promise<void>;
}

const maxAtOnce = 2;
const keptMs = 24 * 3_600_000;
const progressEveryMs = 500;
const retryEveryMs = 2000;
const defaultLimits: ExportLimits = { perUser: 20, totalBytes: 1_000_000_000 };

/** Why a job is given up. */
const cancelled = new Error("cancelled");
const stopping = new Error("stopping");

export class ExportRuns {
  readonly #options: ExportRunsOptions;
  readonly #files: ExportFiles;
  readonly #limits: ExportLimits;
  readonly #running = new Map<string, Job>();
  #waiting: Waiting[] = [];
  /** Whose file is there already, but whose row may not be. */
  readonly #beginning = new Set<string>();
  readonly #stopping = new AbortController();

  constructor(options: ExportRunsOptions) {
    this.#options = options;
    this.#files = new ExportFiles(options.dataDir);
    this.#limits = { ...defaultLimits, ...options.limits };
  }

  /** Takes an export on. `recorded` runs in the transaction that writes it. Throws 429 when its user has too many under way. */
  async begin(row: ExportRow, recorded: Recorded): Promise<void> {
    this.#beginning.add(row.id);
    try {
      // Its file says, at the next start, that it is this data directory's.
      await this.#files.create(row.id);
      const gone = await this.#database().transaction(async (repositories) => {
        const making = await makePlace(repositories, row.user_id, this.#limits);
        await repositories.exports.insert(row);
        await recorded(repositories);
        return making;
      });
      for (const { id } of gone) await this.#files.remove(id);
      this.#waiting.push({ id: row.id, userId: row.user_id });
    } catch (error) {
      await this.#files.remove(row.id).catch(() => {});
      throw error;
    } finally {
      this.#beginning.delete(row.id);
    }
    this.#changed();
    this.#startWaiting();
  }

  /** Cancels an export that has not finished; removes one that has. `recorded` runs in the transaction, and is told which of both. */
  async remove(
    id: string,
    recorded: (repositories: Repositories, row: ExportRow, what: "cancel" | "delete") => Promise<void>,
  ): Promise<void> {
    await this.#database().transaction(async (repositories) => {
      const row = await repositories.exports.get(id);
      if (row === null) return;
      const wasCancelled = await repositories.exports.update(id, { status: "cancelled", bytes: 0, error: null, ...this.#end() });
      if (!wasCancelled) await repositories.exports.delete(id);
      await recorded(repositories, row, wasCancelled ? "cancel" : "delete");
    });
    this.#waiting = this.#waiting.filter((each) => each.id !== id);
    const job = this.#running.get(id);
    job?.controller.abort(cancelled);
    await job?.ended;
    await this.#files.remove(id);
    this.#changed();
  }

  /** The file of one that is done; null: it is nowhere any more. The replica that made it has it on disk, the others in the database. */
  async openFile({ id, bytes }: ExportRow): Promise<{ bytes: number; content: Readable } | null> {
    const file = await this.#files.openToRead(id);
    if (file !== null) return { bytes: (await file.stat()).size, content: file.createReadStream() };
    const parts = await readParts(this.#database().exports, id);
    return parts === null ? null : { bytes, content: Readable.from(parts) };
  }

  /** After a start: what ran has failed, what waited is in the queue again. Leaves the exports of other data directories alone. */
  async recover(): Promise<void> {
    const { exports } = this.#database();
    const files = await this.#filesOfNobody();
    for (const row of await exports.all()) {
      if (isFinished(row) || !files.has(row.id)) continue;
      if (row.status === "waiting") this.#waiting.push({ id: row.id, userId: row.user_id });
      else if (await exports.update(row.id, { status: "failed", error: interruptedText, bytes: 0, ...this.#end() })) {
        await this.#removeFile(row.id);
      }
    }
    this.#startWaiting();
  }

  /** Removes what has been kept for long enough, and files that nothing is known of. */
  async deleteExpired(nowMs: number): Promise<void> {
    const { exports } = this.#database();
    const files = await this.#filesOfNobody();
    const rows = await exports.all();
    for (const row of rows) {
      // One that is not under way here either runs elsewhere, which takes no day, or nowhere any more.
      const endMs = row.expires_at ?? (this.#isUnderWay(row.id) ? nowMs : row.created_at) + keptMs;
      if (endMs > nowMs) continue;
      await exports.delete(row.id);
      await this.#files.remove(row.id);
    }
    const known = new Set(rows.map(({ id }) => id));
    const unknown = [...files].filter((id) => id.startsWith("exp_") && !known.has(id));
    for (const id of unknown) await this.#files.remove(id);
  }

  /** Resolves when nothing is read or written any more. What ran has failed, at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#waiting = [];
    const jobs = [...this.#running.values()];
    for (const { controller } of jobs) controller.abort(stopping);
    await Promise.all(jobs.map(({ ended }) => ended));
  }

  /**
   * Files of which nothing is under way here. To be asked for before the rows are read: what is not under way by then has its row, whatever
   * begins and ends while they are looked through.
   */
  async #filesOfNobody(): Promise<Set<string>> {
    const ids = await this.#files.ids();
    return new Set([...ids].filter((id) => !this.#isUnderWay(id)));
  }

  #isUnderWay(id: string): boolean {
    return this.#beginning.has(id) || this.#running.has(id) || this.#waiting.some((each) => each.id === id);
  }

  #database(): Storage {
    const storage = this.#options.storage();
    if (storage === null) throw new StorageUnavailable("the database is away");
    return storage;
  }

  #end(): Pick<ExportRow, "finished_at" | "expires_at"> {
    const nowMs = this.#options.clock.nowMs();
    return { finished_at: nowMs, expires_at: nowMs + keptMs };
  }

  #changed(): void {
    this.#options.onChanged?.();
  }

  #startWaiting(): void {
    while (this.#running.size < maxAtOnce && !this.#stopping.signal.aborted) {
      const next = this.#takeNext();
      if (next === undefined) return;
      const { id, userId } = next;
      const controller = new AbortController();
      const ended = this.#run(id, controller.signal).finally(() => {
        this.#running.delete(id);
        this.#changed();
        this.#startWaiting();
      });
      this.#running.set(id, { userId, controller, ended });
    }
  }

  /** Whoever asks for many at once keeps nobody else waiting for all of them. */
  #takeNext(): Waiting | undefined {
    const busy = new Set([...this.#running.values()].map(({ userId }) => userId));
    const index = this.#waiting.findIndex(({ userId }) => !busy.has(userId));
    return this.#waiting.splice(Math.max(0, index), 1)[0];
  }

  /** Never rejects. */
  async #run(id: string, signal: AbortSignal): Promise<void> {
    let outcome: Partial<ExportRow>;
    try {
      const database = this.#database();
      const row = await database.exports.get(id);
      if (row === null || !(await database.exports.update(id, { status: "running", progress: 0 }))) throw cancelled;
      this.#changed();
      const written = await this.#write(database, row, signal);
      outcome = { status: "done", rows: written.rows, bytes: written.bytes, progress: 1000 };
    } catch (error) {
      // What has been cancelled is written down already; what is stopped is found at the next start.
      if (signal.reason === stopping) return;
      if (error === cancelled || signal.aborted) return await this.#removeFile(id);
      const text = failureText(error);
      const fields = { err: error, export: id };
      if (text === null) this.#options.log.error(fields, "an export failed");
      else this.#options.log.warn(fields, "an export could not be made");
      outcome = { status: "failed", bytes: 0, error: text ?? unforeseenText };
    }
    const isKept = await this.#record(id, { ...outcome, ...this.#end() }, signal);
    if (!isKept || outcome.status === "failed") await this.#removeFile(id);
  }

  async #write(database: Storage, row: ExportRow, signal: AbortSignal): Promise<ExportProgress> {
    const file = await this.#files.openToWrite(row.id);
    try {
      let toldAtMs = this.#options.clock.nowMs();
      const written = await writeExport(file, this.#options.contentOf(database, row), signal, async (progress) => {
        const nowMs = this.#options.clock.nowMs();
        // The clock may have been put back.
        const isTold = nowMs >= toldAtMs && nowMs < toldAtMs + progressEveryMs;
        if (isTold && progress.bytes <= this.#limits.totalBytes) return;
        toldAtMs = nowMs;
        await this.#makeRoom(database, row.id, progress.bytes);
        await this.#tell(database, row.id, progress);
      });
      await this.#makeRoom(database, row.id, written.bytes);
      // A SQLite file has one process, which has the file.
      if (database.engine === "postgres") await writeParts(database.exports, row.id, file, signal);
      return written;
    } finally {
      await file.close();
    }
  }

  async #makeRoom({ exports }: Storage, id: string, bytes: number): Promise<void> {
    for (const row of oldestBeyond(await exports.all(), id, bytes, this.#limits)) {
      await exports.delete(row.id);
      await this.#files.remove(row.id);
    }
  }

  /** Throws when it was cancelled elsewhere, or is gone with its user. */
  async #tell({ exports }: Storage, id: string, { rows, bytes, progress }: ExportProgress): Promise<void> {
    const thousandths = progress === null ? null : Math.round(progress * 1000);
    if (!(await exports.update(id, { rows, bytes, progress: thousandths }))) throw cancelled;
    this.#changed();
  }

  /** Waits for a database that is away; gives up only with Headgate itself. False: nobody wants the export any more. */
  async #record(id: string, changes: Partial<ExportRow>, signal: AbortSignal): Promise<boolean> {
    while (signal.reason !== stopping) {
      try {
        return await this.#database().exports.update(id, changes);
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) {
          this.#options.log.error({ err: error, export: id }, "how an export ended could not be written down");
          return false;
        }
      }
      await this.#pause();
    }
    return true;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#stopping;
      const giveUp = () => {
        timer.cancel();
        resolve();
      };
      const timer = this.#options.clock.after(retryEveryMs, () => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      });
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  async #removeFile(id: string): Promise<void> {
    try {
      await this.#files.remove(id);
      await this.#database().exports.deleteParts(id);
    } catch (err) {
      this.#options.log.warn({ err, export: id }, "a file stays behind");
    }
  }
}
