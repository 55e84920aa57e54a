// Manifests in the database, with the last good copy of each.
import type { Kysely } from "kysely";
import type { ManifestRepository } from "../ports/manifests.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { containsText } from "./contains-text.ts";
import { byName, readPage } from "./read-page.ts";
import { updateVersion } from "./update-version.ts";

export function manifestRepository(db: Kysely<Database>, engine: Engine): ManifestRepository {
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
    async page(request, { search } = {}) {
      let query = db.selectFrom("manifests").selectAll();
      if (search !== undefined) query = query.where(containsText(engine, ["name"], search));
      return readPage(query, byName, request);
    },
    update: (id, changes) => updateVersion(db, "manifests", id, changes),
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
