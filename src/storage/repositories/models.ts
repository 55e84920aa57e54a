// Models (the names that callers use) in the database.
import { type Kysely, sql } from "kysely";
import { jsonRows } from "../json-rows.ts";
import type { ModelRepository } from "../ports/models.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { containsText } from "./contains-text.ts";
import { hasStatus, isServedBy } from "./model-conditions.ts";
import { byName, readPage } from "./read-page.ts";
import { updateVersion } from "./update-version.ts";

export function modelRepository(db: Kysely<Database>, engine: Engine): ModelRepository {
  return {
    async insert(row) {
      await db.insertInto("models").values(row).execute();
    },
    async get(id) {
      return (await db.selectFrom("models").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
    },
    async getByName(name) {
      return (await db.selectFrom("models").selectAll().where("name", "=", name).executeTakeFirst()) ?? null;
    },
    async all() {
      return db.selectFrom("models").selectAll().orderBy("name").execute();
    },
    async page(request, { names, search, endpoint, status, kind } = {}) {
      let query = db.selectFrom("models").selectAll();
      if (names !== undefined) {
        const given = jsonRows<{ name: string }>(
          engine,
          { name: "text" },
          names.map((name) => ({ name })),
        );
        query = query.where("name", "in", sql<string>`(select name from ${given})`);
      }
      if (search !== undefined) query = query.where(containsText(engine, ["name"], search));
      if (endpoint !== undefined) query = query.where(isServedBy(endpoint));
      if (status !== undefined) query = query.where(hasStatus(status));
      if (kind !== undefined) query = query.where("kind", "=", kind);
      return readPage(query, byName, request);
    },
    update: (id, changes, ifVersion) => updateVersion(db, "models", id, changes, ifVersion),
    async delete(id) {
      const result = await db.deleteFrom("models").where("id", "=", id).executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
    async deleteUnused() {
      await db
        .deleteFrom("models")
        .where("kind", "=", "pool")
        .where("groups", "is", null)
        .where("limits", "is", null)
        .where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom("deployments").select("deployments.id").whereRef("deployments.model_id", "=", "models.id"))),
        )
        .execute();
    },
  };
}
