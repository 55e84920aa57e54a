// SQLite on the calling thread, for threads that have nothing better to do than to wait for it.
import { EachRow } from "./each-row.ts";
import { StorageUnavailable } from "./ports/errors.ts";
import type { SqliteRunner } from "./sqlite-client.ts";
import { SqliteConnections, type SqliteFile, type SqliteResult, type SqliteStatement } from "./sqlite-connections.ts";
import { sqliteError } from "./sqlite-errors.ts";

export class InlineSqlite implements SqliteRunner {
  readonly #file: SqliteFile;
  #connections: SqliteConnections;
  #closed = false;
  generation = 0;

  constructor(file: SqliteFile) {
    this.#file = file;
    this.#connections = new SqliteConnections(file);
  }

  async run(connection: SqliteStatement["connection"], sql: string, parameters: readonly unknown[] = []): Promise<SqliteResult> {
    if (this.#closed) throw new StorageUnavailable("the database is closed");
    const [first] = parameters;
    const rows = first instanceof EachRow ? first.rows : null;
    try {
      return this.#connections.run({ connection, sql, parameters: rows === null ? parameters : [], eachRow: rows });
    } catch (error) {
      const { code, message } = error as { code?: unknown; message?: unknown };
      throw sqliteError(String(code ?? ""), String(message ?? error));
    }
  }

  reset(): void {
    this.#connections.close();
    this.#connections = new SqliteConnections(this.#file);
    this.generation += 1;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connections.close();
  }
}
