// Kysely over a pool of PostgreSQL connections that survives the server: Kysely's own driver would hand broken ones out again.
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from "kysely";
import type { Pool, PoolClient } from "pg";
import { StorageUnavailable } from "./ports/errors.ts";
import { breaksConnection, postgresError } from "./postgres-errors.ts";

export class PostgresDriver implements Driver {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async init(): Promise<void> {}

  /** Every failure to connect is StorageUnavailable, a refused password too: the next one may go well. */
  async acquireConnection(): Promise<DatabaseConnection> {
    try {
      return new PostgresConnection(await this.#pool.connect());
    } catch (error) {
      const reason = error instanceof Error ? error.message || String((error as { code?: unknown }).code) : String(error);
      throw new StorageUnavailable(`PostgreSQL: can't connect: ${reason}`, error);
    }
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as PostgresConnection).run("begin");
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as PostgresConnection).run("commit");
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as PostgresConnection).rollback();
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    (connection as PostgresConnection).release();
  }

  async destroy(): Promise<void> {
    await this.#pool.end();
  }
}

class PostgresConnection implements DatabaseConnection {
  readonly #client: PoolClient;
  #broken = false;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return this.run(query.sql, query.parameters);
  }

  // biome-ignore lint/correctness/useYield: part of Kysely's interface; nothing here streams.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error("streaming is not supported");
  }

  async run<Row>(text: string, parameters: readonly unknown[] = []): Promise<QueryResult<Row>> {
    try {
      const { rows, rowCount } = await this.#client.query({ text, values: [...parameters] });
      return { rows: rows as Row[], numAffectedRows: BigInt(rowCount ?? 0) };
    } catch (error) {
      // A timed-out query may still be running on it: closing the connection ends it, and rolls back.
      if (breaksConnection(error)) this.#broken = true;
      throw postgresError(error);
    }
  }

  /** Never fails: what can't be rolled back is closed, which rolls it back. */
  async rollback(): Promise<void> {
    if (this.#broken) return;
    try {
      await this.run("rollback");
    } catch {
      this.#broken = true;
    }
  }

  release(): void {
    this.#client.release(this.#broken);
  }
}
