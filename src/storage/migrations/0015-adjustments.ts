// Entries that correct what attempts have cost, beside the rows of the attempts, which stay as they are.
import { type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

/** See schema.ts for what the columns mean. */
export async function adjustments({ schema }: Kysely<unknown>, { engine }: MigrationContext): Promise<void> {
  const text = engine === "postgres" ? sql`text collate "C"` : sql`text`;
  const integer = sql`bigint`;

  await schema
    .createTable("adjustments")
    .addColumn("attempt_started_at", integer, (column) => column.notNull())
    .addColumn("attempt_id", text, (column) => column.notNull())
    .addColumn("id", text, (column) => column.notNull())
    .addColumn("at", integer, (column) => column.notNull())
    .addColumn("delta_nano_usd", integer, (column) => column.notNull())
    .addColumn("unpriced_requests", integer, (column) => column.notNull())
    .addColumn("price_version", text)
    .addColumn("reason", text, (column) => column.notNull())
    .addColumn("batch_id", text, (column) => column.notNull())
    .addColumn("model", text, (column) => column.notNull())
    .addColumn("endpoint_id", text, (column) => column.notNull())
    .addColumn("endpoint", text, (column) => column.notNull())
    .addColumn("key_id", text)
    .addColumn("user_id", text)
    .addColumn("group_id", text, (column) => column.notNull())
    // In the order of the attempts: those of a page, of an hour and of what retention deletes lie together.
    .addPrimaryKeyConstraint("adjustment_id", ["attempt_started_at", "attempt_id", "id"])
    .modifyEnd(engine === "sqlite" ? sql`without rowid` : sql``)
    .execute();
}
