// The worker thread in which SQLite runs: libsql is synchronous, and no query may run on a thread that moves bytes.
import { parentPort, workerData } from "node:worker_threads";
import Database from "libsql";

/** What the thread is started with. */
export interface SqliteWorkerData {
  path: string;
  /** How long SQLite waits for a lock that another process holds. */
  busyTimeoutMs: number;
  /** wal: readers beside a writer. delete: for a file that is only a lock. */
  journal: "wal" | "delete";
}

/** One statement. `reader`: a second connection that sees committed data only, beside an open transaction of `writer`. */
export interface SqliteRequest {
  id: number;
  connection: "writer" | "reader";
  sql: string;
  parameters: readonly unknown[];
  /** JSON of a list of rows: the statement is run for each of them; the answer's rows are the `index` of each that changed something. */
  eachRow?: string;
}

export interface SqliteResponse {
  id: number;
  rows: unknown[];
  /** Rows changed by a statement that returns none. */
  changes: number;
  error: { code: string; message: string } | null;
}

/** Statements by their SQL: preparing costs more than most of our statements do. */
const statementsKept = 200;

type Result = Pick<SqliteResponse, "rows" | "changes">;

class Connection {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement<unknown[]>>();

  constructor({ path, busyTimeoutMs, journal }: SqliteWorkerData) {
    this.#database = new Database(path);
    try {
      // By exec for write()'s reason: all but the first touch the file.
      this.#database.exec(`pragma busy_timeout = ${busyTimeoutMs}`);
      this.#database.exec(`pragma journal_mode = ${journal}`);
      this.#database.exec("pragma synchronous = full; pragma foreign_keys = on");
      // Pages that every batch changes are copied from the log into the file once in 16 MB instead of once in 4.
      this.#database.exec("pragma wal_autocheckpoint = 4000");
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  /** For what begins and ends transactions. Nothing of the statement is left behind, not even when it fails. */
  execute(sql: string): void {
    this.#database.exec(sql);
  }

  run(sql: string, parameters: readonly unknown[]): Result {
    const statement = this.#prepare(sql);
    const values = parameters.map(bindable);
    if (statement.reader) return { rows: statement.all(values), changes: 0 };
    return { rows: [], changes: statement.run(values).changes };
  }

  runForEach(sql: string, rows: readonly (readonly unknown[])[]): Result {
    const statement = this.#prepare(sql);
    const changed: { index: number }[] = [];
    // Numbers are bound as they are: the columns have integer affinity and make integers of them.
    for (const [index, row] of rows.entries()) if (statement.run(row).changes > 0) changed.push({ index });
    return { rows: changed, changes: changed.length };
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(sql: string): Database.Statement<unknown[]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      if (this.#statements.size >= statementsKept) this.#statements.delete(this.#statements.keys().next().value as string);
    } else {
      this.#statements.delete(sql); // put last again: the first one is the least recently used
    }
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** libsql binds every number as a float; as bigint an integer stays one. */
function bindable(value: unknown): unknown {
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  return value === undefined ? null : value;
}

const connections = new Map<SqliteRequest["connection"], Connection>();

/**
 * libsql leaves a prepared statement that met a lock unfinished, and as long as there is one SQLite neither commits by itself nor lets
 * a reader see newer data. So prepared statements that write run inside a transaction, begun by `execute`, which is what may meet the lock.
 */
function write(connection: Connection, sql: string, parameters: readonly unknown[]): Result {
  if (/^(begin|commit|rollback)\b/.test(sql)) {
    connection.execute(sql);
    return { rows: [], changes: 0 };
  }
  if (connection.inTransaction) return connection.run(sql, parameters);
  connection.execute("begin immediate");
  try {
    const result = connection.run(sql, parameters);
    connection.execute("commit");
    return result;
  } catch (error) {
    if (connection.inTransaction) connection.execute("rollback");
    throw error;
  }
}

/** A failed read may be left unfinished for the same reason: its connection is replaced. */
function read(connection: Connection, sql: string, parameters: readonly unknown[]): Result {
  try {
    return connection.run(sql, parameters);
  } catch (error) {
    connections.delete("reader");
    connection.close();
    throw error;
  }
}

function connectionFor(name: SqliteRequest["connection"]): Connection {
  let connection = connections.get(name);
  if (connection === undefined) {
    connection = new Connection(workerData as SqliteWorkerData);
    connections.set(name, connection);
  }
  return connection;
}

parentPort?.on("message", (message: SqliteRequest | "close") => {
  if (message === "close") {
    for (const connection of connections.values()) connection.close();
    parentPort?.close();
    return;
  }
  const response: SqliteResponse = { id: message.id, rows: [], changes: 0, error: null };
  try {
    const connection = connectionFor(message.connection);
    const run = message.connection === "writer" ? write : read;
    const result =
      message.eachRow === undefined
        ? run(connection, message.sql, message.parameters)
        : connection.runForEach(message.sql, JSON.parse(message.eachRow) as unknown[][]);
    Object.assign(response, result);
  } catch (error) {
    const { code, message: text } = error as { code?: unknown; message?: unknown };
    response.error = { code: String(code ?? ""), message: String(text ?? error) };
  }
  parentPort?.postMessage(response);
});
