// The connections to a SQLite file, on the thread that runs this: libsql is synchronous, so never one that moves bytes.
import Database from "libsql";

/** How the file is opened. */
export interface SqliteFile {
  path: string;
  /** How long SQLite waits for a lock that another process or thread holds. */
  busyTimeoutMs: number;
  /** wal: readers beside a writer. delete: for a file that is only a lock. */
  journal: "wal" | "delete";
}

/** One statement. `reader`: a second connection that sees committed data only, beside an open transaction of `writer`. */
export interface SqliteStatement {
  connection: "writer" | "reader";
  sql: string;
  parameters: readonly unknown[];
  /** The statement is run for each of these rows; the result's rows are the numbers of rows that the runs changed. */
  eachRow: readonly (readonly unknown[])[] | null;
}

/** `changes`: rows changed by a statement that returns none. */
export interface SqliteResult {
  rows: unknown[];
  changes: number;
}

/** Statements by their SQL: preparing costs more than most of our statements do. */
const statementsKept = 200;

class Connection {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement<unknown[]>>();

  constructor({ path, busyTimeoutMs, journal }: SqliteFile, name: SqliteStatement["connection"]) {
    this.#database = new Database(path);
    try {
      // By exec for write()'s reason: all but the first touch the file.
      this.#database.exec(`pragma busy_timeout = ${busyTimeoutMs}`);
      this.#database.exec(`pragma journal_mode = ${journal}`);
      this.#database.exec("pragma synchronous = full; pragma foreign_keys = on");
      // Pages that every batch changes are copied from the log into the file once in 16 MB instead of once in 4.
      this.#database.exec("pragma wal_autocheckpoint = 4000");
      // What a batch of the ledger changes: pages that have no room are written more than once, and read again.
      if (name === "writer") this.#database.exec("pragma cache_size = -8000");
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

  run(sql: string, parameters: readonly unknown[]): SqliteResult {
    const statement = this.#prepare(sql);
    const values = parameters.map(bindable);
    if (statement.reader) return { rows: statement.all(values), changes: 0 };
    return { rows: [], changes: statement.run(values).changes };
  }

  runForEach(sql: string, rows: readonly (readonly unknown[])[]): SqliteResult {
    const statement = this.#prepare(sql);
    // Numbers are bound as they are: the columns have integer affinity and make integers of them.
    const changes = rows.map((row) => statement.run(row).changes);
    return { rows: changes, changes: changes.reduce((sum, count) => sum + count, 0) };
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

/**
 * libsql leaves a prepared statement that met a lock unfinished, and as long as there is one SQLite neither commits by itself nor lets
 * a reader see newer data. So prepared statements that write run inside a transaction, begun by `execute`, which is what may meet the lock.
 */
function write(connection: Connection, sql: string, parameters: readonly unknown[]): SqliteResult {
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

/** Both connections to one file; opened when first used. */
export class SqliteConnections {
  readonly #file: SqliteFile;
  readonly #open = new Map<SqliteStatement["connection"], Connection>();

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** Throws libsql's errors. */
  run({ connection: name, sql, parameters, eachRow }: SqliteStatement): SqliteResult {
    const connection = this.#connection(name);
    if (eachRow !== null) return connection.runForEach(sql, eachRow);
    return name === "writer" ? write(connection, sql, parameters) : this.#read(connection, sql, parameters);
  }

  close(): void {
    for (const connection of this.#open.values()) connection.close();
    this.#open.clear();
  }

  /** A failed read may be left unfinished (see `write`): its connection is replaced. */
  #read(connection: Connection, sql: string, parameters: readonly unknown[]): SqliteResult {
    try {
      return connection.run(sql, parameters);
    } catch (error) {
      this.#open.delete("reader");
      connection.close();
      throw error;
    }
  }

  #connection(name: SqliteStatement["connection"]): Connection {
    let connection = this.#open.get(name);
    if (connection === undefined) {
      connection = new Connection(this.#file, name);
      this.#open.set(name, connection);
    }
    return connection;
  }
}
