// Whose the answers are that providers keep under an id, and where they are kept.
import { type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

/** See schema.ts for what the columns mean. */
export async function responses(db: Kysely<unknown>, { engine }: MigrationContext): Promise<void> {
  const text = engine === "postgres" ? sql`text collate "C"` : sql`text`;
  // Without foreign keys, like the ledger, whose records bring the rows: what is gone meanwhile must not hold a record up.
  await db.schema
    .createTable("responses")
    .addColumn("id", text, (column) => column.primaryKey().notNull())
    .addColumn("deployment_id", text)
    .addColumn("endpoint_id", text, (column) => column.notNull())
    .addColumn("model", text, (column) => column.notNull())
    .addColumn("owner", text, (column) => column.notNull())
    .addColumn("created_at", sql`bigint`, (column) => column.notNull())
    .execute();
  await db.schema.createIndex("response_by_created_at").on("responses").columns(["created_at"]).execute();
}
