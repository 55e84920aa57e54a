// The log of changes in the database: rows are added and, when they are old, removed.
import type { Kysely } from "kysely";
import { decodeCursor, pageOf } from "../cursor.ts";
import type { AuditRepository } from "../port.ts";
import type { Database } from "../schema.ts";

export function auditRepository(db: Kysely<Database>): AuditRepository {
  return {
    async insert(row) {
      await db.insertInto("audit").values(row).execute();
    },
    async page({ actorId, action, resourceId, fromMs, toMs }, { limit, cursor }) {
      const after = decodeCursor(cursor, ["number", "string"]);
      let query = db.selectFrom("audit").selectAll();
      if (actorId !== undefined) query = query.where("actor_id", "=", actorId);
      if (action?.includes(".")) query = query.where("action", "=", action);
      else if (action !== undefined) query = query.where("resource_kind", "=", action);
      if (resourceId !== undefined) query = query.where("resource_id", "=", resourceId);
      if (fromMs !== undefined) query = query.where("at", ">=", fromMs);
      if (toMs !== undefined) query = query.where("at", "<", toMs);
      if (after !== null) query = query.where((eb) => eb(eb.refTuple("at", "id"), "<", eb.tuple(after[0], after[1])));
      const rows = await query
        .orderBy("at", "desc")
        .orderBy("id", "desc")
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => [row.at, row.id]);
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
