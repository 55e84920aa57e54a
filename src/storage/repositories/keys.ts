// Headgate keys in the database. Deleted ones stay as rows, so that usage can still be named.
import { type Kysely, sql } from "kysely";
import type { KeyRepository } from "../ports/keys.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { containsText } from "./contains-text.ts";
import { belongsTo } from "./owned-by.ts";
import { newestFirst, readPage } from "./read-page.ts";

export function keyRepository(db: Kysely<Database>, engine: Engine): KeyRepository {
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
    async page(request, { ownedBy, search, userId, groupId } = {}) {
      let query = db.selectFrom("keys").selectAll().where("deleted_at", "is", null);
      if (ownedBy !== undefined) query = query.where(belongsTo(db, ownedBy));
      if (search !== undefined) query = query.where(containsText(engine, ["name", "prefix"], search));
      if (userId !== undefined) query = query.where("user_id", "=", userId);
      if (groupId !== undefined) query = query.where("group_id", "=", groupId);
      return readPage(query, newestFirst, request);
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
    async countsOfGroups(groupIds) {
      if (groupIds.length === 0) return new Map();
      const rows = await db
        .selectFrom("keys")
        .select(({ fn }) => ["group_id", fn.countAll<number>().as("keys")])
        .where("group_id", "in", groupIds)
        .where("deleted_at", "is", null)
        .groupBy("group_id")
        .execute();
      return new Map(rows.map((row) => [row.group_id, row.keys]));
    },
  };
}
