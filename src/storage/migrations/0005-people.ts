// Users, their groups and limits, and manifests.
import { type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

/** See schema.ts for what the columns mean. */
export async function people(db: Kysely<unknown>, { engine }: MigrationContext): Promise<void> {
  const text = engine === "postgres" ? sql`text collate "C"` : sql`text`;
  const integer = sql`bigint`;
  const { schema } = db;

  await schema
    .createTable("users")
    .addColumn("id", text, (column) => column.primaryKey().notNull())
    .addColumn("name", text, (column) => column.notNull())
    .addColumn("email", text)
    .addColumn("username", text)
    .addColumn("role", text, (column) => column.notNull())
    .addColumn("source", text, (column) => column.notNull())
    .addColumn("subject", text)
    .addColumn("primary_group_id", text)
    .addColumn("limits", text)
    .addColumn("last_seen_at", integer)
    .addColumn("created_at", integer, (column) => column.notNull())
    .addColumn("updated_at", integer, (column) => column.notNull())
    .addColumn("version", integer, (column) => column.notNull())
    .addForeignKeyConstraint("user_primary_group", ["primary_group_id"], "groups", ["id"], (key) => key.onDelete("set null"))
    .execute();
  await sql`create unique index user_subject on users (source, subject) where subject is not null`.execute(db);
  await schema.createIndex("user_by_name").on("users").columns(["name", "id"]).execute();

  for (const column of ["source", "external_id", "limits"]) await schema.alterTable("groups").addColumn(column, text).execute();
  await sql`create unique index group_external_id on groups (source, external_id) where external_id is not null`.execute(db);

  await schema
    .createTable("group_members")
    .addColumn("group_id", text, (column) => column.notNull())
    .addColumn("user_id", text, (column) => column.notNull())
    .addColumn("source", text, (column) => column.notNull())
    .addColumn("created_at", integer, (column) => column.notNull())
    .addPrimaryKeyConstraint("group_member_id", ["group_id", "user_id", "source"])
    .addForeignKeyConstraint("group_member_group", ["group_id"], "groups", ["id"], (key) => key.onDelete("cascade"))
    .addForeignKeyConstraint("group_member_user", ["user_id"], "users", ["id"], (key) => key.onDelete("cascade"))
    .execute();
  await schema.createIndex("group_member_by_user").on("group_members").columns(["user_id"]).execute();

  await schema
    .createTable("manifests")
    .addColumn("id", text, (column) => column.primaryKey().notNull())
    .addColumn("name", text, (column) => column.notNull())
    .addColumn("url", text, (column) => column.notNull())
    .addColumn("origin", text, (column) => column.notNull())
    .addColumn("interval_ms", integer, (column) => column.notNull())
    .addColumn("allowed_hosts", text, (column) => column.notNull())
    .addColumn("headers_ciphertext", text)
    .addColumn("tokens_ciphertext", text)
    .addColumn("content", text)
    .addColumn("etag", text)
    .addColumn("last_modified", text)
    .addColumn("last_success_at", integer)
    .addColumn("last_error", text)
    .addColumn("created_at", integer, (column) => column.notNull())
    .addColumn("updated_at", integer, (column) => column.notNull())
    .addColumn("version", integer, (column) => column.notNull())
    .execute();
  await schema.createIndex("manifest_name").on("manifests").columns(["name"]).unique().execute();

  for (const column of ["groups", "manifest_id", "manifest_key"])
    await schema.alterTable("endpoints").addColumn(column, text).execute();
  await sql`create unique index endpoint_manifest_entry on endpoints (manifest_id, manifest_key) where manifest_id is not null`.execute(
    db,
  );
  for (const column of ["groups", "limits"]) await schema.alterTable("models").addColumn(column, text).execute();
  await schema.alterTable("keys").addColumn("limits", text).execute();
}
