// A change to a row that counts its versions.
import { type Kysely, sql } from "kysely";
import type { Database } from "../schema/database.ts";

/** Tables whose rows have `version`. */
type Versioned = {
  [Table in keyof Database]: Database[Table] extends { id: string; version: number } ? Table : never;
}[keyof Database];

/** Sets the given columns and adds 1 to `version`. With `ifVersion`, only when the row still has that version. False: no such row or version. */
export async function updateVersion<Table extends Versioned>(
  db: Kysely<Database>,
  table: Table,
  id: string,
  changes: Partial<Database[Table]>,
  ifVersion?: number,
): Promise<boolean> {
  // Kysely types a statement by one table: any of them stands for all here.
  let query = db
    .updateTable(table as "groups")
    .set({ ...changes, version: sql<number>`version + 1` })
    .where("id", "=", id);
  if (ifVersion !== undefined) query = query.where("version", "=", ifVersion);
  const result = await query.executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
