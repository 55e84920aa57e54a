// The storage port over a Kysely database: what both engines have in common.
import { type Dialect, type DialectAdapter, type Driver, Kysely, type QueryCompiler } from "kysely";
import { pendingMigrations } from "./migrate.ts";
import type { Notifications } from "./ports/replicas.ts";
import type { Engine, Storage } from "./ports/storage.ts";
import { repositoriesOver } from "./repositories/repositories.ts";
import type { Database } from "./schema/database.ts";

/** Puts a driver of ours under Kysely. */
export function kyselyOver(driver: Driver, adapter: DialectAdapter, compiler: QueryCompiler): Kysely<Database> {
  const dialect: Dialect = {
    createDriver: () => driver,
    createAdapter: () => adapter,
    createQueryCompiler: () => compiler,
    createIntrospector: () => {
      throw new Error("tables are described in schema.ts and never read back");
    },
  };
  return new Kysely<Database>({ dialect });
}

export interface EngineParts {
  engine: Engine;
  db: Kysely<Database>;
  migrate(): Promise<void>;
  backup(path: string): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
  /** Default: nobody else is there to be told anything. */
  notifications?: Notifications;
}

const toNobody: Notifications = {
  publish: async () => {},
  subscribe: () => ({ isListening: false, stop: async () => {} }),
};

export function databaseStorage({ engine, db, migrate, backup, ping, close, notifications }: EngineParts): Storage {
  return {
    engine,
    notifications: notifications ?? toNobody,
    ...repositoriesOver(db, engine),
    transaction: (work) => db.transaction().execute((transaction) => work(repositoriesOver(transaction, engine))),
    migrate,
    pendingMigrations: () => pendingMigrations(db, engine),
    backup,
    ping,
    close,
  };
}
