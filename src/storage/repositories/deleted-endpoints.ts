// Deleted endpoints that can come back, in the database.
import type { Kysely } from "kysely";
import type { DeletedEndpointRepository } from "../ports/endpoints.ts";
import type { Database } from "../schema/database.ts";

export function deletedEndpointRepository(db: Kysely<Database>): DeletedEndpointRepository {
  return {
    async keep(row, countMax) {
      await db.insertInto("deleted_endpoints").values(row).execute();
      const newest = db
        .selectFrom("deleted_endpoints")
        .select("endpoint_id")
        .orderBy("deleted_at", "desc")
        .orderBy("endpoint_id", "desc")
        .limit(countMax);
      await db.deleteFrom("deleted_endpoints").where("endpoint_id", "not in", newest).execute();
    },
    async current(nowMs) {
      return db
        .selectFrom("deleted_endpoints")
        .select(["endpoint_id", "name", "deployments", "deleted_at", "expires_at"])
        .where("expires_at", ">", nowMs)
        .orderBy("deleted_at", "desc")
        .orderBy("endpoint_id", "desc")
        .execute();
    },
    async ids() {
      const rows = await db.selectFrom("deleted_endpoints").select("endpoint_id").orderBy("endpoint_id").execute();
      return rows.map(({ endpoint_id }) => endpoint_id);
    },
    async get(id) {
      return (await db.selectFrom("deleted_endpoints").selectAll().where("endpoint_id", "=", id).executeTakeFirst()) ?? null;
    },
    async replaceContent(id, content) {
      await db.updateTable("deleted_endpoints").set({ content }).where("endpoint_id", "=", id).execute();
    },
    async take(id, nowMs) {
      const row = await db
        .deleteFrom("deleted_endpoints")
        .where("endpoint_id", "=", id)
        .where("expires_at", ">", nowMs)
        .returningAll()
        .executeTakeFirst();
      return row ?? null;
    },
    async deleteExpired(nowMs) {
      const result = await db.deleteFrom("deleted_endpoints").where("expires_at", "<=", nowMs).executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}
