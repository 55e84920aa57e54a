// The ledger writer as the process sees it: a thread of its own, its state, its log lines, its end.
import { Worker } from "node:worker_threads";
import type { Clock, Timer } from "../../core/clock.ts";
import type { LogFields, Logger } from "../../core/logger.ts";
import { programFile } from "../../core/program-files.ts";

/** What the thread is started with. */
export interface LedgerThreadData {
  dir: string;
  /** The processes whose files are being written when the thread starts. */
  liveIds: readonly string[];
  /** Others may come, and these go. */
  liveIdsChange: boolean;
  databaseUrl: string | null;
  dataDir: string;
}

export type LedgerThreadOrder =
  | "database ready"
  | "stop"
  | { kind: "live"; ids: readonly string[] }
  /** All that was known of processes then has been said. */
  | { kind: "heard"; atMs: number };

export type LedgerThreadMessage =
  | { kind: "state"; backlogBytes: number; ingestedBytes: number; hasCaughtUp: boolean; failure: string | null }
  | { kind: "log"; level: keyof Logger; fields: Record<string, unknown>; message: string }
  | { kind: "closed"; processId: string }
  | { kind: "stopped" };

const workerUrl = programFile("ledger-worker.js");
const restartAfterMs = 1000;
const heardEveryMs = 1000;
const stopTimeoutMs = 20_000;

export interface ThreadedLedgerWriterOptions extends Omit<LedgerThreadData, "liveIds" | "liveIdsChange"> {
  /** This process: alive as long as the thread. */
  processId: string;
  /** The other processes that write to the folder when the thread starts; null: there never are any. */
  others?: readonly string[] | null;
  clock: Clock;
  log: Logger;
  /** New usage is in the database; at most twice a second. */
  onIngested?: () => void;
  /** What a process that is gone left unfinished is closed in the ledger. */
  onClosed?: (processId: string) => void;
}

export class ThreadedLedgerWriter {
  readonly #options: ThreadedLedgerWriterOptions;
  /** Besides this process; null: there are none, and never will be. */
  #others: readonly string[] | null;
  #worker: Worker | null = null;
  #isDatabaseReady = false;
  #isStopping = false;
  #restart: Timer | null = null;
  #heard: Timer | null = null;
  #whenStopped: (() => void) | null = null;
  /** Since the thread began. */
  #ingestedBytes = 0;
  /** Bytes of the spool that the database doesn't have yet, as of the last look. */
  backlogBytes = 0;
  /** What earlier processes left in the spool is in the database. */
  hasCaughtUp = false;
  /** Why the database takes no usage at the moment; null while it does. */
  failure: Error | null = null;

  constructor(options: ThreadedLedgerWriterOptions) {
    this.#options = options;
    this.#others = options.others ?? null;
  }

  /** Begins to write: the database has its tables. Before that, usage waits in the spool. */
  start(): void {
    if (this.#isDatabaseReady) return;
    this.#isDatabaseReady = true;
    this.#startThread();
    if (this.#others !== null) this.#sayHeard(null);
  }

  /**
   * Names the other processes that write to the folder from now on, all of them. One is to be named before it starts, or within
   * two seconds of its birth, and left out only when it has ended: then its spool is drained, its attempts are closed, and
   * `onClosed` says so. Those that live before `start` have to be known by then, or what they write passes for an earlier run's.
   */
  setOthers(ids: readonly string[]): void {
    this.#others = [...ids];
    this.#worker?.postMessage({ kind: "live", ids: this.#liveIds } satisfies LedgerThreadOrder);
  }

  /** When this thread was stuck, its timers come before what others have told it meanwhile: so it says what was so the last time. */
  #sayHeard(beforeMs: number | null): void {
    if (beforeMs !== null) this.#worker?.postMessage({ kind: "heard", atMs: beforeMs } satisfies LedgerThreadOrder);
    const nowMs = this.#options.clock.nowMs();
    this.#heard = this.#options.clock.after(heardEveryMs, () => this.#sayHeard(nowMs));
  }

  get #liveIds(): readonly string[] {
    return [this.#options.processId, ...(this.#others ?? [])];
  }

  /** Writes what the spool has, unless the database is away, and ends the thread. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#restart?.cancel();
    this.#heard?.cancel();
    const worker = this.#worker;
    if (worker === null) return;
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(stopTimeoutMs, resolve);
      this.#whenStopped = () => {
        timer.cancel();
        resolve();
      };
      worker.postMessage("stop" satisfies LedgerThreadOrder);
    });
    await worker.terminate();
  }

  #startThread(): void {
    const { dir, databaseUrl, dataDir } = this.#options;
    const live = { liveIds: this.#liveIds, liveIdsChange: this.#others !== null };
    const worker = new Worker(workerUrl, {
      workerData: { dir, ...live, databaseUrl, dataDir } satisfies LedgerThreadData,
      name: "ledger",
      // It holds one batch at a time.
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 512 },
    });
    this.#worker = worker;
    worker.on("message", (message: LedgerThreadMessage) => this.#take(message));
    worker.on("error", (error) => this.#options.log.error({ err: error }, "the ledger's thread failed"));
    worker.on("exit", () => this.#lost(worker));
    worker.postMessage("database ready" satisfies LedgerThreadOrder);
  }

  #lost(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#ingestedBytes = 0;
    this.#whenStopped?.();
    if (this.#isStopping) return;
    // Nothing is lost with it: what it had not written is in the spool.
    this.failure = new Error("the ledger's thread has ended");
    this.#restart = this.#options.clock.after(restartAfterMs, () => this.#startThread());
  }

  #take(message: LedgerThreadMessage): void {
    if (message.kind === "stopped") {
      this.#whenStopped?.();
    } else if (message.kind === "closed") {
      this.#options.onClosed?.(message.processId);
    } else if (message.kind === "log") {
      this.#options.log[message.level](withErrors(message.fields), message.message);
    } else {
      this.backlogBytes = message.backlogBytes;
      if (message.ingestedBytes > this.#ingestedBytes) this.#options.onIngested?.();
      this.#ingestedBytes = message.ingestedBytes;
      this.hasCaughtUp ||= message.hasCaughtUp;
      this.failure = message.failure === null ? null : new Error(message.failure);
    }
  }
}

/** Errors come as plain objects; the log treats real ones with more care. */
function withErrors(fields: Readonly<Record<string, unknown>>): LogFields {
  const restored: Record<string, unknown> = { ...fields };
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== "object" || value === null || !("isError" in value)) continue;
    const { isError: _, message, ...rest } = value as { isError: true; message: string };
    restored[name] = Object.assign(new Error(message), rest);
  }
  return restored;
}
