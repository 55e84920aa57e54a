// Latencies by the hour and the group that pays: a manager's overview adds up few rows then, however many their members' are.
import { type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

/** See schema.ts for what the columns mean. */
export async function latencyPaid(db: Kysely<unknown>, { engine }: MigrationContext): Promise<void> {
  const text = engine === "postgres" ? sql`text collate "C"` : sql`text`;
  await db.schema
    .createTable("latency_paid")
    .addColumn("group_id", text, (column) => column.notNull())
    .addColumn("hour", sql`bigint`, (column) => column.notNull())
    .addColumn("metric", text, (column) => column.notNull())
    .addColumn("counts", text, (column) => column.notNull())
    .addPrimaryKeyConstraint("latency_paid_id", ["group_id", "hour", "metric"])
    .modifyEnd(engine === "sqlite" ? sql`without rowid` : sql``)
    .execute();
  // Days that are summed already are summed again, soon after the start (repositories/sum-days.ts); until then reports go by the hours.
  await sql`insert into usage_changed_days (day) select distinct day from usage_daily where true on conflict (day) do nothing`.execute(
    db,
  );
}
