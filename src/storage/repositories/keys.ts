// Headgate keys in the database. Deleted ones stay as rows, so that usage can still be named.
import { type Kysely, sql } from "kysely";
import { decodeCursor, pageOf } from "../cursor.ts";
import type { KeyRepository } from "../port.ts";
import type { Database } from "../schema.ts";
import { belongsTo } from "./owned-by.ts";

export function keyRepository(db: Kysely<Database>): KeyRepository {
  const oldestFirst = () => db.selectFrom("keys").selectAll().where("deleted_at", "is", null).orderBy("created_at").orderBy("id");
  return {
    async insert(row) {
      await db.insertInto("keys").values(row).execute();
    },
    async get(id) {
      const query = db.selectFrom("keys").selectAll().where("id", "=", id).where("deleted_at", "is", null);
      return (await query.executeTakeFirst()) ?? null;
    },
    async all() {
      return oldestFirst().execute();
    },
    async page({ limit, cursor }, ownedBy) {
      const after = decodeCursor(cursor, ["number", "string"]);
      let query = db.selectFrom("keys").selectAll().where("deleted_at", "is", null);
      if (ownedBy !== undefined) query = query.where(belongsTo(db, ownedBy));
      if (after !== null) query = query.where((eb) => eb(eb.refTuple("created_at", "id"), "<", eb.tuple(after[0], after[1])));
      const rows = await query
        .orderBy("created_at", "desc")
        .orderBy("id", "desc")
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => [row.created_at, row.id]);
    },
    async update(id, changes, ifVersion) {
      let query = db
        .updateTable("keys")
        .set({ ...changes, version: sql<number>`version + 1` })
        .where("id", "=", id)
        .where("deleted_at", "is", null);
      if (ifVersion !== undefined) query = query.where("version", "=", ifVersion);
      const result = await query.executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
    async names(ids) {
      if (ids.length === 0) return new Map();
      const rows = await db.selectFrom("keys").select(["id", "name"]).where("id", "in", ids).execute();
      return new Map(rows.map((row) => [row.id, row.name]));
    },
    async ofUser(userId) {
      return oldestFirst().where("user_id", "=", userId).execute();
    },
    async paidByGroup(groupId) {
      return oldestFirst().where("group_id", "=", groupId).execute();
    },
  };
}
