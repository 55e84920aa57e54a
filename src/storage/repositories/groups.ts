// Groups in the database: `everyone`, those that administrators make, and those that identity providers name.
import type { Kysely } from "kysely";
import { everyoneGroupId } from "../../domain/everyone.ts";
import { inTransaction } from "../in-transaction.ts";
import type { GroupRepository } from "../ports/people.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { containsText } from "./contains-text.ts";
import { groupMembers } from "./group-members.ts";
import { byName, readPage } from "./read-page.ts";
import { updateVersion } from "./update-version.ts";

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
    async page(request, { ids, search } = {}) {
      if (ids?.length === 0) return { rows: [], nextCursor: null };
      let query = db.selectFrom("groups").selectAll();
      if (ids !== undefined) query = query.where("id", "in", ids);
      if (search !== undefined) query = query.where(containsText(engine, ["name"], search));
      return readPage(query, byName, request);
    },
    update: (id, changes, ifVersion) => updateVersion(db, "groups", id, changes, ifVersion),
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
