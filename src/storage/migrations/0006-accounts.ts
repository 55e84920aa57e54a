// People who sign in: passwords, sessions, one-time links; and the log of what was changed by whom.
import { type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

/** See schema.ts for what the columns mean. */
export async function accounts(db: Kysely<unknown>, { engine }: MigrationContext): Promise<void> {
  const text = engine === "postgres" ? sql`text collate "C"` : sql`text`;
  const integer = sql`bigint`;
  const { schema } = db;

  await schema.alterTable("users").addColumn("password_hash", text).execute();
  await schema.alterTable("users").addColumn("disabled_at", integer).execute();
  // Signing in by e-mail address: one account each, however it is written.
  await sql`create unique index user_email on users (lower(email)) where email is not null and source = 'local'`.execute(db);

  await schema
    .createTable("sessions")
    .addColumn("id", text, (column) => column.primaryKey().notNull())
    .addColumn("digest", text, (column) => column.notNull())
    .addColumn("user_id", text, (column) => column.notNull())
    .addColumn("method", text, (column) => column.notNull())
    .addColumn("address", text)
    .addColumn("user_agent", text)
    .addColumn("created_at", integer, (column) => column.notNull())
    .addColumn("last_seen_at", integer, (column) => column.notNull())
    .addColumn("expires_at", integer, (column) => column.notNull())
    .addForeignKeyConstraint("session_user", ["user_id"], "users", ["id"], (key) => key.onDelete("cascade"))
    .execute();
  await schema.createIndex("session_digest").on("sessions").columns(["digest"]).unique().execute();
  await schema.createIndex("session_by_user").on("sessions").columns(["user_id", "created_at", "id"]).execute();
  await schema.createIndex("session_by_expiry").on("sessions").columns(["expires_at"]).execute();

  await schema
    .createTable("one_time_links")
    .addColumn("digest", text, (column) => column.primaryKey().notNull())
    .addColumn("purpose", text, (column) => column.notNull())
    .addColumn("user_id", text)
    .addColumn("created_at", integer, (column) => column.notNull())
    .addColumn("expires_at", integer, (column) => column.notNull())
    .addForeignKeyConstraint("one_time_link_user", ["user_id"], "users", ["id"], (key) => key.onDelete("cascade"))
    .execute();

  // Without foreign keys: the log outlives whom and what it names.
  await schema
    .createTable("audit")
    .addColumn("id", text, (column) => column.primaryKey().notNull())
    .addColumn("at", integer, (column) => column.notNull())
    .addColumn("actor_kind", text, (column) => column.notNull())
    .addColumn("actor_id", text)
    .addColumn("actor_name", text, (column) => column.notNull())
    .addColumn("address", text)
    .addColumn("request_id", text)
    .addColumn("action", text, (column) => column.notNull())
    .addColumn("resource_kind", text, (column) => column.notNull())
    .addColumn("resource_id", text)
    .addColumn("resource_name", text)
    .addColumn("before", text)
    .addColumn("after", text)
    .execute();
  await schema.createIndex("audit_by_time").on("audit").columns(["at", "id"]).execute();
  await schema.createIndex("audit_by_actor").on("audit").columns(["actor_id", "at", "id"]).execute();
  await schema.createIndex("audit_by_resource").on("audit").columns(["resource_id", "at", "id"]).execute();

  // Whoever sees their own requests alone would else have all of them looked through. Nothing is written for callers without a user.
  await sql`create index attempt_by_user on attempts (user_id, started_at) where final = 1 and user_id is not null`.execute(db);
}
