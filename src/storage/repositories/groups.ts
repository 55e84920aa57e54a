// Groups in the database: `everyone`, those that administrators make, and those that identity providers name.
import { type Kysely, sql } from "kysely";
import { everyoneGroupId } from "../../domain/everyone.ts";
import { decodeCursor, pageOf } from "../cursor.ts";
import { inTransaction } from "../in-transaction.ts";
import type { Engine, GroupRepository } from "../port.ts";
import type { Database } from "../schema.ts";
import { groupMembers } from "./group-members.ts";

export function groupRepository(db: Kysely<Database>, engine: Engine): GroupRepository {
  return {
    ...groupMembers(db, engine),
    async insert(row) {
      await db.insertInto("groups").values(row).execute();
    },
    async get(id) {
      return (await db.selectFrom("groups").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
    },
    async getByName(name) {
      return (await db.selectFrom("groups").selectAll().where("name", "=", name).executeTakeFirst()) ?? null;
    },
    async all() {
      return db.selectFrom("groups").selectAll().orderBy("name").execute();
    },
    async page({ limit, cursor }, ids) {
      const after = decodeCursor(cursor, ["string"]);
      if (ids?.length === 0) return { rows: [], nextCursor: null };
      let query = db.selectFrom("groups").selectAll();
      if (ids !== undefined) query = query.where("id", "in", ids);
      if (after !== null) query = query.where("name", ">", after[0]);
      const rows = await query
        .orderBy("name")
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => [row.name]);
    },
    async update(id, changes, ifVersion) {
      let query = db
        .updateTable("groups")
        .set({ ...changes, version: sql<number>`version + 1` })
        .where("id", "=", id);
      if (ifVersion !== undefined) query = query.where("version", "=", ifVersion);
      const result = await query.executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
    async delete(id) {
      return inTransaction(db, async (transaction) => {
        // Deleted keys stay as rows, and each row has a group: without this the group could never go.
        await transaction
          .updateTable("keys")
          .set({ group_id: everyoneGroupId })
          .where("group_id", "=", id)
          .where("deleted_at", "is not", null)
          .execute();
        const result = await transaction.deleteFrom("groups").where("id", "=", id).executeTakeFirst();
        return result.numDeletedRows > 0n;
      });
    },
    async names(ids) {
      if (ids.length === 0) return new Map();
      const rows = await db.selectFrom("groups").select(["id", "name"]).where("id", "in", ids).execute();
      return new Map(rows.map((row) => [row.id, row.name]));
    },
  };
}
