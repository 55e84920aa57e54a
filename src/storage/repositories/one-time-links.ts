// Links that are good once, in the database.
import type { Kysely } from "kysely";
import type { OneTimeLinkRepository } from "../ports/accounts.ts";
import type { Database } from "../schema/database.ts";

export function oneTimeLinkRepository(db: Kysely<Database>): OneTimeLinkRepository {
  return {
    async insert(row) {
      await db.insertInto("one_time_links").values(row).execute();
    },
    async find(digest, purpose, nowMs) {
      const query = db.selectFrom("one_time_links").selectAll().where("digest", "=", digest).where("purpose", "=", purpose);
      return (await query.where("expires_at", ">", nowMs).executeTakeFirst()) ?? null;
    },
    async take(digest, purpose, nowMs) {
      const row = await db
        .deleteFrom("one_time_links")
        .where("digest", "=", digest)
        .where("purpose", "=", purpose)
        .returningAll()
        .executeTakeFirst();
      return row === undefined || row.expires_at <= nowMs ? null : row;
    },
    async deleteOf(purpose, userId) {
      const query = db.deleteFrom("one_time_links").where("purpose", "=", purpose);
      await (userId === null ? query.where("user_id", "is", null) : query.where("user_id", "=", userId)).execute();
    },
    async deleteExpired(nowMs) {
      const result = await db.deleteFrom("one_time_links").where("expires_at", "<=", nowMs).executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}
