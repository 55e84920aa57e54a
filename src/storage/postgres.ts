// Storage in a PostgreSQL database.
import { type Kysely, PostgresAdapter, PostgresQueryCompiler, sql } from "kysely";
import pg from "pg";
import { databaseStorage, kyselyOver } from "./database-storage.ts";
import { migrate } from "./migrate.ts";
import type { Storage } from "./ports/storage.ts";
import { PostgresDriver } from "./postgres-driver.ts";
import { postgresNotifications } from "./postgres-notifications.ts";
import type { Database } from "./schema/database.ts";

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database?sslmode=…` */
  url: string;
  maxConnections?: number;
  /** Longest wait for a connection: to be made, or to become free. */
  connectTimeoutMs?: number;
  /** Longest run of one statement; the server ends it. */
  statementTimeoutMs?: number;
}

const int8 = 20; // its OID in pg_type

/** Times, counts and money are int8, which pg would give as text; ours stay below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === int8 ? Number : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig["getTypeParser"],
};

/** Connects to nothing yet: connections are made when needed, and again after the server was away. */
export async function openPostgres(options: PostgresOptions): Promise<Storage> {
  const { url, maxConnections = 10, connectTimeoutMs = 5000, statementTimeoutMs = 15_000 } = options;
  const db = postgresDatabase({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    // For a server that went silent and can't end the statement itself.
    query_timeout: statementTimeoutMs + 5000,
    idle_in_transaction_session_timeout: 60_000,
  });
  return databaseStorage({
    engine: "postgres",
    db,
    // A connection of its own without timeouts: a migration may take long over a large ledger.
    async migrate() {
      const unhurried = postgresDatabase({ connectionString: url, max: 1, connectionTimeoutMillis: connectTimeoutMs });
      try {
        await migrate(unhurried, "postgres");
      } finally {
        await unhurried.destroy();
      }
    },
    async backup() {
      throw new Error("backups of PostgreSQL are made with its own tools, e.g. pg_dump");
    },
    async ping() {
      await sql`select 1`.execute(db);
    },
    close: () => db.destroy(),
    notifications: postgresNotifications(db, { connectionString: url, connectionTimeoutMillis: connectTimeoutMs }),
  });
}

/** The tables themselves, through a pool that a vanished server can't bring down. */
export function postgresDatabase(config: pg.PoolConfig): Kysely<Database> {
  // Compiling a statement takes the server longer than running any of ours.
  const options = "-c jit=off";
  const pool = new pg.Pool({ ...config, keepAlive: true, application_name: "headgate", options, types });
  // Without listeners a server that goes away would end this process: the pool reports idle connections, a client in use reports itself.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return kyselyOver(new PostgresDriver(pool), new PostgresAdapter(), new PostgresQueryCompiler());
}
