// Kysely over the SQLite worker: one writer with a queue in front, reads beside it.
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from "kysely";
import type { SqliteRunner } from "./sqlite-client.ts";
import type { SqliteResult } from "./sqlite-connections.ts";
import { SqliteTransaction } from "./sqlite-transaction.ts";
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
  #transaction: SqliteTransaction | null = null;

  constructor(client: SqliteRunner, writeLock: WriteLock) {
    this.#client = client;
    this.#writeLock = writeLock;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#transaction !== null) return resultOf(await this.#transaction.run(query.sql, query.parameters));
    // Outside a transaction only what Kysely built as a select is known to be a read.
    if (query.query.kind === "SelectQueryNode") return resultOf(await this.#client.run("reader", query.sql, query.parameters));
    await this.#writeLock.acquire();
    try {
      return resultOf(await this.#client.run("writer", query.sql, query.parameters));
    } finally {
      this.#writeLock.release();
    }
  }

  // biome-ignore lint/correctness/useYield: part of Kysely's interface; nothing here streams.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error("streaming is not supported");
  }

  async begin(): Promise<void> {
    await this.#writeLock.acquire();
    try {
      this.#transaction = await SqliteTransaction.begin(this.#client);
    } catch (error) {
      this.#writeLock.release();
      throw error;
    }
  }

  async commit(): Promise<void> {
    await this.#transaction?.commit();
    this.#end();
  }

  async rollback(): Promise<void> {
    await this.#transaction?.rollback();
    this.#end();
  }

  #end(): void {
    this.#transaction = null;
    this.#writeLock.release();
  }
}

function resultOf<Row>({ rows, changes }: SqliteResult): QueryResult<Row> {
  return { rows: rows as Row[], numAffectedRows: BigInt(changes) };
}
