// What a migration is.
import type { Kysely } from "kysely";
import type { Engine } from "../ports/storage.ts";

/** What differs from one database to the other. */
export interface MigrationContext {
  engine: Engine;
  nowMs: number;
}

export interface Migration {
  /** Kept in the database; never changes. */
  name: string;
  /** Runs inside a transaction. Uses its own SQL only: the schema types and repositories describe the newest tables. */
  up(db: Kysely<unknown>, context: MigrationContext): Promise<void>;
}
