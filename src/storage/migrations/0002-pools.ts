// How pools share calls, virtual models with targets of their own, and probes of endpoints.
import { type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

/** See schema.ts for what the columns mean. */
export async function pools(db: Kysely<unknown>, { engine }: MigrationContext): Promise<void> {
  const text = engine === "postgres" ? sql`text collate "C"` : sql`text`;
  const integer = sql`bigint`;

  // One column a statement: SQLite takes no more.
  await db.schema.alterTable("models").addColumn("strategy", text).execute();
  await db.schema.alterTable("models").addColumn("max_attempts", integer).execute();
  await db.schema.alterTable("models").addColumn("hedge", text).execute();
  await db.schema
    .alterTable("models")
    .addColumn("timeouts", text, (column) => column.notNull().defaultTo("{}"))
    .execute();
  await db.schema.alterTable("models").addColumn("disabled_at", integer).execute();
  await db.schema.alterTable("endpoints").addColumn("probe", text).execute();

  await db.schema
    .createTable("model_targets")
    .addColumn("model_id", text, (column) => column.notNull())
    .addColumn("deployment_id", text, (column) => column.notNull())
    .addColumn("weight", integer)
    .addColumn("priority", integer)
    .addColumn("position", integer, (column) => column.notNull())
    .addPrimaryKeyConstraint("model_target_id", ["model_id", "deployment_id"])
    .addForeignKeyConstraint("model_target_model", ["model_id"], "models", ["id"], (key) => key.onDelete("cascade"))
    .addForeignKeyConstraint("model_target_deployment", ["deployment_id"], "deployments", ["id"], (key) =>
      key.onDelete("cascade"),
    )
    .execute();
  await db.schema.createIndex("model_target_by_deployment").on("model_targets").columns(["deployment_id"]).execute();
}
