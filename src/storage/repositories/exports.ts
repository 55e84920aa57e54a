// What was asked for as a file, and how it went, in the database.
import type { Kysely } from "kysely";
import { decodeCursor, pageOf } from "../cursor.ts";
import type { ExportRepository } from "../ports/exports.ts";
import type { Database } from "../schema/database.ts";

const unfinished = ["waiting", "running"];

export function exportRepository(db: Kysely<Database>): ExportRepository {
  return {
    async insert(row) {
      await db.insertInto("exports").values(row).execute();
    },
    async get(id) {
      return (await db.selectFrom("exports").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
    },
    async page({ userId, nowMs }, { limit, cursor }) {
      const after = decodeCursor(cursor, ["number", "string"]);
      let query = db
        .selectFrom("exports")
        .selectAll()
        .where((eb) => eb.or([eb("expires_at", "is", null), eb("expires_at", ">", nowMs)]));
      if (userId !== undefined) query = query.where("user_id", "=", userId);
      if (after !== null) query = query.where((eb) => eb(eb.refTuple("created_at", "id"), "<", eb.tuple(after[0], after[1])));
      const rows = await query
        .orderBy("created_at", "desc")
        .orderBy("id", "desc")
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => [row.created_at, row.id]);
    },
    ofUser(userId) {
      const query = db.selectFrom("exports").selectAll();
      const those = userId === null ? query.where("user_id", "is", null) : query.where("user_id", "=", userId);
      return those.orderBy("created_at").orderBy("id").execute();
    },
    all() {
      return db.selectFrom("exports").selectAll().orderBy("created_at").orderBy("id").execute();
    },
    async update(id, changes) {
      const result = await db
        .updateTable("exports")
        .set(changes)
        .where("id", "=", id)
        .where("status", "in", unfinished)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
    async addPart(row) {
      await db.insertInto("export_parts").values(row).execute();
    },
    async part(id, position) {
      const query = db.selectFrom("export_parts").select("content").where("export_id", "=", id).where("position", "=", position);
      return (await query.executeTakeFirst())?.content ?? null;
    },
    async deleteParts(id) {
      await db.deleteFrom("export_parts").where("export_id", "=", id).execute();
    },
    async delete(id) {
      const result = await db.deleteFrom("exports").where("id", "=", id).executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
  };
}
