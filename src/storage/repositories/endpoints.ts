// Endpoints in the database.
import type { Kysely } from "kysely";
import type { EndpointRepository } from "../ports/endpoints.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { containsText } from "./contains-text.ts";
import { byName, readPage } from "./read-page.ts";
import { updateVersion } from "./update-version.ts";

export function endpointRepository(db: Kysely<Database>, engine: Engine): EndpointRepository {
  return {
    async insert(row) {
      await db.insertInto("endpoints").values(row).execute();
    },
    async get(id) {
      return (await db.selectFrom("endpoints").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
    },
    async getLocked(id) {
      const query = db.selectFrom("endpoints").selectAll().where("id", "=", id);
      // SQLite's transactions follow one another anyway.
      return (await (engine === "postgres" ? query.forUpdate() : query).executeTakeFirst()) ?? null;
    },
    async getByName(name) {
      return (await db.selectFrom("endpoints").selectAll().where("name", "=", name).executeTakeFirst()) ?? null;
    },
    async all() {
      return db.selectFrom("endpoints").selectAll().orderBy("name").execute();
    },
    async ofManifest(manifestId) {
      return db.selectFrom("endpoints").selectAll().where("manifest_id", "=", manifestId).orderBy("name").execute();
    },
    async page(request, { search } = {}) {
      let query = db.selectFrom("endpoints").selectAll();
      if (search !== undefined) query = query.where(containsText(engine, ["name"], search));
      return readPage(query, byName, request);
    },
    update: (id, changes, ifVersion) => updateVersion(db, "endpoints", id, changes, ifVersion),
    async updateDiscovery(id, { base_url, guard_signature, guard_count }) {
      await db.updateTable("endpoints").set({ base_url, guard_signature, guard_count }).where("id", "=", id).execute();
    },
    async delete(id) {
      const result = await db.deleteFrom("endpoints").where("id", "=", id).executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
  };
}
