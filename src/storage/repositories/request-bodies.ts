// Bodies of requests in the database: ciphertexts that come with the request's end and go when their time is over.
import type { Kysely } from "kysely";
import type { RequestBodyRepository } from "../ports/request-bodies.ts";
import type { Database } from "../schema/database.ts";

/** Rows may have a megabyte: a clean-up must not hold up the ledger's writers for long. */
const rowsPerDelete = 50;

export function requestBodyRepository(db: Kysely<Database>): RequestBodyRepository {
  return {
    async insert(rows) {
      if (rows.length === 0) return;
      await db
        .insertInto("request_bodies")
        .values([...rows])
        .onConflict((conflict) => conflict.column("request_id").doNothing())
        .execute();
    },
    async get(requestId, nowMs) {
      const query = db.selectFrom("request_bodies").selectAll().where("request_id", "=", requestId);
      return (await query.where("expires_at", ">", nowMs).executeTakeFirst()) ?? null;
    },
    async kept(requestIds, nowMs) {
      if (requestIds.length === 0) return new Set();
      const query = db.selectFrom("request_bodies").select("request_id").where("request_id", "in", requestIds);
      return new Set((await query.where("expires_at", ">", nowMs).execute()).map((row) => row.request_id));
    },
    async after(requestId, limit) {
      const query = db.selectFrom("request_bodies").selectAll().where("request_id", ">", requestId);
      return query.orderBy("request_id").limit(limit).execute();
    },
    async replaceTexts(requestId, texts) {
      await db.updateTable("request_bodies").set(texts).where("request_id", "=", requestId).execute();
    },
    async delete(requestId) {
      const result = await db.deleteFrom("request_bodies").where("request_id", "=", requestId).executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
    async deleteExpired(nowMs) {
      let deleted = 0;
      for (;;) {
        const old = db.selectFrom("request_bodies").select("request_id").where("expires_at", "<=", nowMs).orderBy("expires_at");
        const result = await db
          .deleteFrom("request_bodies")
          .where("request_id", "in", old.limit(rowsPerDelete))
          .executeTakeFirst();
        deleted += Number(result.numDeletedRows);
        if (Number(result.numDeletedRows) < rowsPerDelete) return deleted;
      }
    },
  };
}
