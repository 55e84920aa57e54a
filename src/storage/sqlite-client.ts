// The main thread's side of the SQLite worker: sends statements, keeps what is under way, survives the worker's death.
import { Worker } from "node:worker_threads";
import { programFile } from "../core/program-files.ts";
import { EachRow } from "./each-row.ts";
import { StorageUnavailable } from "./ports/errors.ts";
import type { SqliteFile, SqliteResult } from "./sqlite-connections.ts";
import { sqliteError } from "./sqlite-errors.ts";
import type { SqliteRequest, SqliteResponse } from "./sqlite-worker.ts";

const workerUrl = programFile("sqlite-worker.js");

/** Longest wait for statements under way when closing. */
const closeTimeoutMs = 10_000;

interface Pending {
  resolve(result: SqliteResult): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

export interface SqliteClientOptions extends Omit<SqliteFile, "journal"> {
  journal?: SqliteFile["journal"];
  /** Longest wait for one statement, its turn in the worker included; then the worker is given up. */
  statementTimeoutMs: number;
}

/** What runs statements: in a worker (SqliteClient), or right here (InlineSqlite). */
export interface SqliteRunner {
  /** Changes whenever connections are lost: a transaction begun before that is gone. */
  readonly generation: number;
  run(connection: SqliteRequest["connection"], sql: string, parameters?: readonly unknown[]): Promise<SqliteResult>;
  reset(reason: string): void;
  close(): Promise<void>;
}

export class SqliteClient implements SqliteRunner {
  readonly #options: SqliteClientOptions;
  #worker: Worker | null = null;
  #pending = new Map<number, Pending>();
  #nextId = 1;
  #generation = 0;
  #closed = false;

  constructor(options: SqliteClientOptions) {
    this.#options = options;
  }

  /** Changes whenever the worker is lost: a transaction begun before that is gone. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Runs one statement; starts the worker and opens the file when needed. Fails with UniqueViolation, StorageUnavailable
   * (the worker's death included) or SqliteFailure. `parameters`: text, numbers, null, or one EachRow inside a transaction.
   */
  run(connection: SqliteRequest["connection"], sql: string, parameters: readonly unknown[] = []): Promise<SqliteResult> {
    if (this.#closed) return Promise.reject(new StorageUnavailable("the database is closed"));
    const worker = this.#worker ?? this.#start();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#lose(worker, `no answer within ${this.#options.statementTimeoutMs} ms`);
      }, this.#options.statementTimeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      // An idle worker does not keep the process alive, a statement under way does.
      worker.ref();
      const [first] = parameters;
      const request: SqliteRequest =
        first instanceof EachRow
          ? { id, connection, sql, parameters: [], eachRow: JSON.stringify(first.rows) }
          : { id, connection, sql, parameters, eachRow: null };
      worker.postMessage(request);
    });
  }

  /** Gives the worker up with everything it has under way; SQLite rolls its open transaction back. The next statement starts another. */
  reset(reason: string): void {
    if (this.#worker !== null) this.#lose(this.#worker, reason);
  }

  /** Ends the worker after the statements already sent. */
  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    if (worker === null) return;
    worker.ref();
    const exited = new Promise((resolve) => worker.once("exit", resolve));
    const timer = setTimeout(() => void worker.terminate(), closeTimeoutMs);
    worker.postMessage("close");
    await exited;
    clearTimeout(timer);
  }

  #start(): Worker {
    const { path, busyTimeoutMs, journal = "wal" } = this.#options;
    const worker = new Worker(workerUrl, {
      workerData: { path, busyTimeoutMs, journal } satisfies SqliteFile,
      name: "sqlite",
      // Its own heap holds one batch at a time; without a limit it would grow to what a whole process may have.
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 },
    });
    this.#worker = worker;
    worker.on("message", (response: SqliteResponse) => this.#settle(worker, response));
    worker.on("error", (error) => this.#lose(worker, error.message));
    worker.on("exit", () => this.#lose(worker, "it ended"));
    return worker;
  }

  #settle(worker: Worker, response: SqliteResponse): void {
    const pending = this.#pending.get(response.id);
    if (pending === undefined) return;
    this.#pending.delete(response.id);
    clearTimeout(pending.timer);
    if (this.#pending.size === 0) worker.unref();
    if (response.error === null) pending.resolve(response);
    else pending.reject(sqliteError(response.error.code, response.error.message));
  }

  #lose(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#generation++;
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    void worker.terminate();
    for (const pending of lost) {
      clearTimeout(pending.timer);
      pending.reject(new StorageUnavailable(`the SQLite worker was lost: ${reason}`));
    }
  }
}
