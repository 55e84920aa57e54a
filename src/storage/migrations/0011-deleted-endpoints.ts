// Deleted endpoints, with all that went with them, for as long as the deletion can be undone.
import { type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

/** See schema.ts for what the columns mean. */
export async function deletedEndpoints({ schema }: Kysely<unknown>, { engine }: MigrationContext): Promise<void> {
  const text = engine === "postgres" ? sql`text collate "C"` : sql`text`;
  const integer = sql`bigint`;

  await schema
    .createTable("deleted_endpoints")
    .addColumn("endpoint_id", text, (column) => column.primaryKey().notNull())
    .addColumn("name", text, (column) => column.notNull())
    .addColumn("deployments", integer, (column) => column.notNull())
    .addColumn("content", text, (column) => column.notNull())
    .addColumn("deleted_at", integer, (column) => column.notNull())
    .addColumn("expires_at", integer, (column) => column.notNull())
    .execute();
  await schema.createIndex("deleted_endpoint_by_time").on("deleted_endpoints").columns(["deleted_at", "endpoint_id"]).execute();
}
