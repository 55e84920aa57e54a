// Sessions of people who have signed in, in the database.
import type { Kysely } from "kysely";
import type { SessionRepository } from "../ports/accounts.ts";
import type { Database } from "../schema/database.ts";
import { newestFirst, readPage } from "./read-page.ts";

export function sessionRepository(db: Kysely<Database>): SessionRepository {
  return {
    async insert(row) {
      await db.insertInto("sessions").values(row).execute();
    },
    async findByDigest(digest, nowMs) {
      const session = await db
        .selectFrom("sessions")
        .selectAll()
        .where("digest", "=", digest)
        .where("expires_at", ">", nowMs)
        .executeTakeFirst();
      if (session === undefined) return null;
      const user = await db
        .selectFrom("users")
        .selectAll()
        .where("id", "=", session.user_id)
        .where("disabled_at", "is", null)
        .executeTakeFirst();
      return user === undefined ? null : { session, user };
    },
    async page({ userId, nowMs }, request) {
      let query = db.selectFrom("sessions").selectAll().where("expires_at", ">", nowMs);
      if (userId !== undefined) query = query.where("user_id", "=", userId);
      return readPage(query, newestFirst, request);
    },
    async get(id) {
      return (await db.selectFrom("sessions").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
    },
    async setLastSeen(id, timeMs, expiresAtMs) {
      await db.updateTable("sessions").set({ last_seen_at: timeMs, expires_at: expiresAtMs }).where("id", "=", id).execute();
    },
    async delete(id) {
      const result = await db.deleteFrom("sessions").where("id", "=", id).executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
    async deleteOfUser(userId, exceptId) {
      let query = db.deleteFrom("sessions").where("user_id", "=", userId);
      if (exceptId !== undefined) query = query.where("id", "!=", exceptId);
      return Number((await query.executeTakeFirst()).numDeletedRows);
    },
    async keepNewest(userId, count) {
      const newest = db
        .selectFrom("sessions")
        .select("id")
        .where("user_id", "=", userId)
        .orderBy("created_at", "desc")
        .orderBy("id", "desc")
        .limit(count);
      const query = db.deleteFrom("sessions").where("user_id", "=", userId).where("id", "not in", newest);
      return Number((await query.executeTakeFirst()).numDeletedRows);
    },
    async deleteExpired(nowMs) {
      const result = await db.deleteFrom("sessions").where("expires_at", "<=", nowMs).executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}
