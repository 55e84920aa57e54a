// Several Headgates on one database: who they are, which of them does the scheduled work, and what each change of the configuration was.
import { type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

/** See schema.ts for what the columns mean. */
export async function replicas({ schema }: Kysely<unknown>, { engine }: MigrationContext): Promise<void> {
  const text = engine === "postgres" ? sql`text collate "C"` : sql`text`;
  const integer = sql`bigint`;

  await schema
    .createTable("work_leases")
    .addColumn("name", text, (column) => column.primaryKey().notNull())
    .addColumn("holder", text, (column) => column.notNull())
    .addColumn("acquired_at", integer, (column) => column.notNull())
    .addColumn("expires_at", integer, (column) => column.notNull())
    .execute();
  await schema
    .createTable("replicas")
    .addColumn("id", text, (column) => column.primaryKey().notNull())
    .addColumn("host", text, (column) => column.notNull())
    .addColumn("version", text, (column) => column.notNull())
    .addColumn("started_at", integer, (column) => column.notNull())
    .addColumn("seen_at", integer, (column) => column.notNull())
    .addColumn("config_version", integer, (column) => column.notNull())
    .addColumn("spool_backlog_bytes", integer, (column) => column.notNull())
    .addColumn("allowances", text, (column) => column.notNull())
    .execute();
  await schema
    .createTable("config_changes")
    .addColumn("version", integer, (column) => column.primaryKey().notNull())
    .addColumn("what", text, (column) => column.notNull())
    .execute();
  await schema
    .createTable("export_parts")
    .addColumn("export_id", text, (column) => column.notNull())
    .addColumn("position", integer, (column) => column.notNull())
    .addColumn("content", text, (column) => column.notNull())
    .addPrimaryKeyConstraint("export_parts_pkey", ["export_id", "position"])
    .addForeignKeyConstraint("export_part_of", ["export_id"], "exports", ["id"], (key) => key.onDelete("cascade"))
    .execute();
  await schema.alterTable("manifests").addColumn("applied", text).execute();
}
