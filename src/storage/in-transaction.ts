// One transaction for work of several statements, whether or not one is under way already.
import type { Kysely, Transaction } from "kysely";
import type { Database } from "./schema/database.ts";

/** Runs `work` in the transaction that `db` is, else in one of its own. */
export async function inTransaction<T>(
  db: Kysely<Database>,
  work: (transaction: Transaction<Database>) => Promise<T>,
): Promise<T> {
  if (db.isTransaction) return work(db as Transaction<Database>);
  return db.transaction().execute(work);
}
