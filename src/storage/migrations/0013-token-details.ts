// Shares of an attempt's tokens that have prices of their own: audio, and cache writes that are kept for an hour.
import { type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

/** See schema.ts for what the column means. */
export async function tokenDetails({ schema }: Kysely<unknown>, { engine }: MigrationContext): Promise<void> {
  const text = engine === "postgres" ? sql`text collate "C"` : sql`text`;
  await schema.alterTable("attempts").addColumn("token_details", text).execute();
}
