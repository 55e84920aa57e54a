// Models (the names that callers use) in the database.
import { type Kysely, sql } from "kysely";
import { decodeCursor, pageOf } from "../cursor.ts";
import { jsonRows } from "../json-rows.ts";
import type { Engine, ModelRepository } from "../port.ts";
import type { Database } from "../schema.ts";

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
    async page({ limit, cursor }, names) {
      const after = decodeCursor(cursor, ["string"]);
      let query = db.selectFrom("models").selectAll();
      if (names !== undefined) {
        const given = jsonRows<{ name: string }>(
          engine,
          { name: "text" },
          names.map((name) => ({ name })),
        );
        query = query.where("name", "in", sql<string>`(select name from ${given})`);
      }
      if (after !== null) query = query.where("name", ">", after[0]);
      const rows = await query
        .orderBy("name")
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => [row.name]);
    },
    async update(id, changes, ifVersion) {
      let query = db
        .updateTable("models")
        .set({ ...changes, version: sql<number>`version + 1` })
        .where("id", "=", id);
      if (ifVersion !== undefined) query = query.where("version", "=", ifVersion);
      const result = await query.executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
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
