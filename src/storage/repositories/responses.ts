// The answers that providers keep under an id: who made which, and where it is kept.
import type { Kysely } from "kysely";
import type { ResponseRepository } from "../ports/responses.ts";
import type { Database } from "../schema/database.ts";

/** As in the ledger: a long clean-up must not hold up its writers. */
const rowsPerDelete = 5000;

export function responseRepository(db: Kysely<Database>): ResponseRepository {
  return {
    async find(id) {
      return (await db.selectFrom("responses").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
    },
    async delete(id) {
      await db.deleteFrom("responses").where("id", "=", id).execute();
    },
    async deleteBefore(timeMs) {
      let deleted = 0;
      for (;;) {
        const old = db.selectFrom("responses").select("id").where("created_at", "<", timeMs).orderBy("created_at");
        const result = await db.deleteFrom("responses").where("id", "in", old.limit(rowsPerDelete)).executeTakeFirst();
        deleted += Number(result.numDeletedRows);
        if (Number(result.numDeletedRows) < rowsPerDelete) return deleted;
      }
    },
  };
}
