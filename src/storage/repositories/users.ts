// Users in the database: made by administrators, or by the first token that proves them.
import { type Kysely, sql } from "kysely";
import { everyoneGroupId } from "../../domain/everyone.ts";
import type { UserRepository } from "../ports/people.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { containsText } from "./contains-text.ts";
import { isAmong, membersOf } from "./owned-by.ts";
import { byNameAndId, readPage } from "./read-page.ts";
import { updateVersion } from "./update-version.ts";

export function userRepository(db: Kysely<Database>, engine: Engine): UserRepository {
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
    async withEmail(email, limit) {
      const query = db.selectFrom("users").selectAll().where(sql`lower(email)`, "=", sql`lower(${email})`);
      return query.where("disabled_at", "is", null).orderBy("id").limit(limit).execute();
    },
    async countOfRole(role) {
      const query = db.selectFrom("users").select((eb) => eb.fn.countAll<number>().as("count"));
      const row = await query.where("role", "=", role).where("disabled_at", "is", null).executeTakeFirst();
      return Number(row?.count ?? 0);
    },
    async page(request, { ownedBy, search, role, groupId } = {}) {
      let query = db.selectFrom("users").selectAll();
      if (ownedBy !== undefined) query = query.where(isAmong(db, ownedBy));
      if (search !== undefined) query = query.where(containsText(engine, ["name", "email", "username"], search));
      if (role !== undefined) query = query.where("role", "=", role);
      // Everybody is in `everyone`, and nobody is said to be.
      if (groupId !== undefined && groupId !== everyoneGroupId) query = query.where("id", "in", membersOf(db, [groupId]));
      return readPage(query, byNameAndId, request);
    },
    update: (id, changes, ifVersion) => updateVersion(db, "users", id, changes, ifVersion),
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
