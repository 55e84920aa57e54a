// Kysely over the SQLite worker: one writer with a queue in front, reads beside it.
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from "kysely";
import { StorageUnavailable } from "./port.ts";
import type { SqliteRunner } from "./sqlite-client.ts";
import { WriteLock } from "./write-lock.ts";

/** Longest wait for one's turn to write. Ingest batches take milliseconds; whoever waits this long has met a stuck transaction. */
const writeWaitTimeoutMs = 15_000;

export class SqliteDriver implements Driver {
  readonly #client: SqliteRunner;
  readonly #writeLock = new WriteLock(writeWaitTimeoutMs);

  constructor(client: SqliteRunner) {
    this.#client = client;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new SqliteConnection(this.#client, this.#writeLock);
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as SqliteConnection).begin();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as SqliteConnection).commit();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as SqliteConnection).rollback();
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    await this.#client.close();
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #client: SqliteRunner;
  readonly #writeLock: WriteLock;
  /** The generation of the worker that holds our transaction. */
  #transactionIn: number | null = null;

  constructor(client: SqliteRunner, writeLock: WriteLock) {
    this.#client = client;
    this.#writeLock = writeLock;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#transactionIn !== null) {
      this.#mustStillBeOpen();
      return this.#run("writer", query);
    }
    // Outside a transaction only what Kysely built as a select is known to be a read.
    if (query.query.kind === "SelectQueryNode") return this.#run("reader", query);
    await this.#writeLock.acquire();
    try {
      return await this.#run("writer", query);
    } finally {
      this.#writeLock.release();
    }
  }

  // biome-ignore lint/correctness/useYield: part of Kysely's interface; nothing here streams.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error("streaming is not supported");
  }

  /** Takes the write lock at once: a transaction that reads first could otherwise find the file changed when it writes. */
  async begin(): Promise<void> {
    await this.#writeLock.acquire();
    try {
      await this.#client.run("writer", "begin immediate");
      this.#transactionIn = this.#client.generation;
    } catch (error) {
      this.#writeLock.release();
      throw error;
    }
  }

  async commit(): Promise<void> {
    this.#mustStillBeOpen();
    await this.#client.run("writer", "commit");
    this.#end();
  }

  /** Never fails: what can't be rolled back is ended with its worker. */
  async rollback(): Promise<void> {
    if (this.#transactionIn === this.#client.generation) {
      try {
        await this.#client.run("writer", "rollback");
      } catch (error) {
        // After a full disk SQLite has rolled back by itself.
        if (!String(error).includes("no transaction is active")) this.#client.reset("a transaction could not be rolled back");
      }
    }
    this.#end();
  }

  #mustStillBeOpen(): void {
    if (this.#transactionIn !== this.#client.generation)
      throw new StorageUnavailable("the SQLite worker was lost during a transaction");
  }

  #end(): void {
    this.#transactionIn = null;
    this.#writeLock.release();
  }

  async #run<Row>(connection: "writer" | "reader", query: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, changes } = await this.#client.run(connection, query.sql, query.parameters);
    return { rows: rows as Row[], numAffectedRows: BigInt(changes) };
  }
}
