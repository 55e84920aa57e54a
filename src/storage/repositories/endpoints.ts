// Endpoints in the database.
import { type Kysely, sql } from "kysely";
import { decodeCursor, pageOf } from "../cursor.ts";
import type { EndpointRepository } from "../port.ts";
import type { Database } from "../schema.ts";

export function endpointRepository(db: Kysely<Database>): EndpointRepository {
  return {
    async insert(row) {
      await db.insertInto("endpoints").values(row).execute();
    },
    async get(id) {
      return (await db.selectFrom("endpoints").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
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
    async page({ limit, cursor }) {
      const after = decodeCursor(cursor, ["string"]);
      let query = db.selectFrom("endpoints").selectAll();
      if (after !== null) query = query.where("name", ">", after[0]);
      const rows = await query
        .orderBy("name")
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => [row.name]);
    },
    async update(id, changes, ifVersion) {
      let query = db
        .updateTable("endpoints")
        .set({ ...changes, version: sql<number>`version + 1` })
        .where("id", "=", id);
      if (ifVersion !== undefined) query = query.where("version", "=", ifVersion);
      const result = await query.executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
    async updateDiscovery(id, { base_url, guard_signature, guard_count }) {
      await db.updateTable("endpoints").set({ base_url, guard_signature, guard_count }).where("id", "=", id).execute();
    },
    async delete(id) {
      const result = await db.deleteFrom("endpoints").where("id", "=", id).executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
  };
}
