// Prices that administrators set, and every price that was ever in use, by version: rows of the ledger name it.
import { type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

/** See schema.ts for what the columns mean. */
export async function prices({ schema }: Kysely<unknown>, { engine }: MigrationContext): Promise<void> {
  const text = engine === "postgres" ? sql`text collate "C"` : sql`text`;
  const integer = sql`bigint`;

  await schema
    .createTable("prices")
    .addColumn("id", text, (column) => column.primaryKey().notNull())
    .addColumn("model", text, (column) => column.notNull().unique())
    .addColumn("components", text, (column) => column.notNull())
    .addColumn("created_at", integer, (column) => column.notNull())
    .addColumn("updated_at", integer, (column) => column.notNull())
    .addColumn("version", integer, (column) => column.notNull())
    .execute();
  await schema
    .createTable("price_versions")
    .addColumn("version", text, (column) => column.primaryKey().notNull())
    .addColumn("source", text, (column) => column.notNull())
    .addColumn("provider", text)
    .addColumn("model", text, (column) => column.notNull())
    .addColumn("catalogue_version", text)
    .addColumn("content", text, (column) => column.notNull())
    .addColumn("first_seen_at", integer, (column) => column.notNull())
    .execute();
}
