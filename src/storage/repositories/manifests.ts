// Manifests in the database, with the last good copy of each.
import { type Kysely, sql } from "kysely";
import type { ManifestRepository } from "../port.ts";
import type { Database } from "../schema.ts";

export function manifestRepository(db: Kysely<Database>): ManifestRepository {
  return {
    async insert(row) {
      await db.insertInto("manifests").values(row).execute();
    },
    async get(id) {
      return (await db.selectFrom("manifests").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
    },
    async getByName(name) {
      return (await db.selectFrom("manifests").selectAll().where("name", "=", name).executeTakeFirst()) ?? null;
    },
    async all() {
      return db.selectFrom("manifests").selectAll().orderBy("name").execute();
    },
    async update(id, changes) {
      const result = await db
        .updateTable("manifests")
        .set({ ...changes, version: sql<number>`version + 1` })
        .where("id", "=", id)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
    async updateFetched(id, changes) {
      if (Object.keys(changes).length === 0) return;
      await db.updateTable("manifests").set(changes).where("id", "=", id).execute();
    },
    async delete(id) {
      const result = await db.deleteFrom("manifests").where("id", "=", id).executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
  };
}
