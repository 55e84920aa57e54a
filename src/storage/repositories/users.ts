// Users in the database: made by administrators, or by the first token that proves them.
import { type Kysely, sql } from "kysely";
import { decodeCursor, pageOf } from "../cursor.ts";
import type { UserRepository } from "../port.ts";
import type { Database } from "../schema.ts";
import { isAmong } from "./owned-by.ts";

export function userRepository(db: Kysely<Database>): UserRepository {
  return {
    async insert(row) {
      await db.insertInto("users").values(row).execute();
    },
    async get(id) {
      return (await db.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
    },
    async all() {
      return db.selectFrom("users").selectAll().orderBy("name").orderBy("id").execute();
    },
    async getByEmail(email) {
      const query = db.selectFrom("users").selectAll().where("source", "=", "local");
      return (await query.where(sql`lower(email)`, "=", sql`lower(${email})`).executeTakeFirst()) ?? null;
    },
    async countOfRole(role) {
      const query = db.selectFrom("users").select((eb) => eb.fn.countAll<number>().as("count"));
      const row = await query.where("role", "=", role).where("disabled_at", "is", null).executeTakeFirst();
      return Number(row?.count ?? 0);
    },
    async page({ limit, cursor }, ownedBy) {
      const after = decodeCursor(cursor, ["string", "string"]);
      let query = db.selectFrom("users").selectAll();
      if (ownedBy !== undefined) query = query.where(isAmong(db, ownedBy));
      if (after !== null) query = query.where((eb) => eb(eb.refTuple("name", "id"), ">", eb.tuple(after[0], after[1])));
      const rows = await query
        .orderBy("name")
        .orderBy("id")
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => [row.name, row.id]);
    },
    async update(id, changes, ifVersion) {
      let query = db
        .updateTable("users")
        .set({ ...changes, version: sql<number>`version + 1` })
        .where("id", "=", id);
      if (ifVersion !== undefined) query = query.where("version", "=", ifVersion);
      const result = await query.executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
    async setLastSeen(id, timeMs) {
      await db.updateTable("users").set({ last_seen_at: timeMs }).where("id", "=", id).execute();
    },
    async delete(id) {
      const result = await db.deleteFrom("users").where("id", "=", id).executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
    async names(ids) {
      if (ids.length === 0) return new Map();
      const rows = await db.selectFrom("users").select(["id", "name"]).where("id", "in", ids).execute();
      return new Map(rows.map((row) => [row.id, row.name]));
    },
  };
}
