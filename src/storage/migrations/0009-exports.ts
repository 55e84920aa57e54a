// Exports: what was asked for as a file, and how it went. The files themselves are in the data directory.
import { type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

/** See schema.ts for what the columns mean. */
export async function exportFiles(db: Kysely<unknown>, { engine }: MigrationContext): Promise<void> {
  const text = engine === "postgres" ? sql`text collate "C"` : sql`text`;
  const integer = sql`bigint`;
  const { schema } = db;

  await schema
    .createTable("exports")
    .addColumn("id", text, (column) => column.primaryKey().notNull())
    .addColumn("kind", text, (column) => column.notNull())
    .addColumn("format", text, (column) => column.notNull())
    .addColumn("query", text, (column) => column.notNull())
    .addColumn("scope", text, (column) => column.notNull())
    .addColumn("user_id", text)
    .addColumn("actor_kind", text, (column) => column.notNull())
    .addColumn("actor_id", text)
    .addColumn("actor_name", text, (column) => column.notNull())
    .addColumn("status", text, (column) => column.notNull())
    .addColumn("rows", integer, (column) => column.notNull())
    .addColumn("progress", integer)
    .addColumn("bytes", integer, (column) => column.notNull())
    .addColumn("error", text)
    .addColumn("created_at", integer, (column) => column.notNull())
    .addColumn("finished_at", integer)
    .addColumn("expires_at", integer)
    // What somebody has taken out goes with their account.
    .addForeignKeyConstraint("export_user", ["user_id"], "users", ["id"], (key) => key.onDelete("cascade"))
    .execute();
  await schema.createIndex("export_by_user").on("exports").columns(["user_id", "created_at", "id"]).execute();
  await schema.createIndex("export_by_time").on("exports").columns(["created_at", "id"]).execute();
}
