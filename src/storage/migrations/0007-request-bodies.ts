// What callers sent and were answered, of requests whose key or paying group has that switched on.
import { type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

/** See schema.ts for what the columns mean. */
export async function requestBodies(db: Kysely<unknown>, { engine }: MigrationContext): Promise<void> {
  const text = engine === "postgres" ? sql`text collate "C"` : sql`text`;
  const integer = sql`bigint`;
  const { schema } = db;

  for (const table of ["keys", "groups"]) await schema.alterTable(table).addColumn("bodies", text).execute();

  // Without foreign keys, as the ledger: a row outlives whom it names, until its own time is over.
  await schema
    .createTable("request_bodies")
    .addColumn("request_id", text, (column) => column.primaryKey().notNull())
    .addColumn("request_started_at", integer, (column) => column.notNull())
    .addColumn("key_id", text)
    .addColumn("user_id", text)
    .addColumn("group_id", text, (column) => column.notNull())
    .addColumn("request_body", text)
    .addColumn("request_type", text)
    .addColumn("request_bytes", integer)
    .addColumn("request_truncated", integer, (column) => column.notNull())
    .addColumn("response_body", text)
    .addColumn("response_type", text)
    .addColumn("response_bytes", integer)
    .addColumn("response_truncated", integer, (column) => column.notNull())
    .addColumn("redacted", text, (column) => column.notNull())
    .addColumn("expires_at", integer, (column) => column.notNull())
    .execute();
  await schema.createIndex("request_body_by_expiry").on("request_bodies").columns(["expires_at"]).execute();
}
