// The log of changes in the database: rows are added and, when they are old, removed.
import type { Kysely } from "kysely";
import type { AuditRepository } from "../ports/audit.ts";
import type { Database } from "../schema/database.ts";
import { type PageOrder, readPage } from "./read-page.ts";

const latestFirst: PageOrder = { columns: { at: "number", id: "string" }, direction: "desc" };

export function auditRepository(db: Kysely<Database>): AuditRepository {
  return {
    async insert(row) {
      await db.insertInto("audit").values(row).execute();
    },
    async page({ actorId, action, resourceId, fromMs, toMs }, request) {
      let query = db.selectFrom("audit").selectAll();
      if (actorId !== undefined) query = query.where("actor_id", "=", actorId);
      if (action?.includes(".")) query = query.where("action", "=", action);
      else if (action !== undefined) query = query.where("resource_kind", "=", action);
      if (resourceId !== undefined) query = query.where("resource_id", "=", resourceId);
      if (fromMs !== undefined) query = query.where("at", ">=", fromMs);
      if (toMs !== undefined) query = query.where("at", "<", toMs);
      return readPage(query, latestFirst, request);
    },
    async oldestMs() {
      const row = await db.selectFrom("audit").select("at").orderBy("at").limit(1).executeTakeFirst();
      return row?.at ?? null;
    },
    async deleteBefore(timeMs) {
      const result = await db.deleteFrom("audit").where("at", "<", timeMs).executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}
