// A transaction on the connection that writes to a SQLite file. Whoever begins one sees to it that there is no other.
import { StorageUnavailable } from "./ports/errors.ts";
import type { SqliteRunner } from "./sqlite-client.ts";
import type { SqliteResult } from "./sqlite-connections.ts";

export class SqliteTransaction {
  readonly #client: SqliteRunner;
  /** The generation of the connection that holds it. */
  readonly #generation: number;

  private constructor(client: SqliteRunner, generation: number) {
    this.#client = client;
    this.#generation = generation;
  }

  /** Takes the file's write lock at once: a transaction that reads first could otherwise find the file changed when it writes. */
  static async begin(client: SqliteRunner): Promise<SqliteTransaction> {
    await client.run("writer", "begin immediate");
    return new SqliteTransaction(client, client.generation);
  }

  async run(sql: string, parameters: readonly unknown[]): Promise<SqliteResult> {
    this.#mustStillBeOpen();
    return this.#client.run("writer", sql, parameters);
  }

  async commit(): Promise<void> {
    this.#mustStillBeOpen();
    await this.#client.run("writer", "commit");
  }

  /** Never fails: what can't be rolled back is ended with its connection. */
  async rollback(): Promise<void> {
    if (this.#generation !== this.#client.generation) return;
    try {
      await this.#client.run("writer", "rollback");
    } catch (error) {
      // After a full disk SQLite has rolled back by itself.
      if (!String(error).includes("no transaction is active")) this.#client.reset("a transaction could not be rolled back");
    }
  }

  #mustStillBeOpen(): void {
    if (this.#generation !== this.#client.generation)
      throw new StorageUnavailable("the SQLite worker was lost during a transaction");
  }
}
