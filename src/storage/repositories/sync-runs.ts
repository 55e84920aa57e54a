// The history of synchronisations in the database.
import type { Kysely } from "kysely";
import { decodeCursor, pageOf } from "../cursor.ts";
import type { SyncRunRepository } from "../port.ts";
import type { Database } from "../schema.ts";

export function syncRunRepository(db: Kysely<Database>): SyncRunRepository {
  return {
    async insert(row) {
      await db.insertInto("sync_runs").values(row).execute();
    },
    async pageOfEndpoint(endpointId, { limit, cursor }) {
      const after = decodeCursor(cursor, ["number", "string"]);
      let query = db.selectFrom("sync_runs").selectAll().where("endpoint_id", "=", endpointId);
      if (after !== null) query = query.where((eb) => eb(eb.refTuple("started_at", "id"), "<", eb.tuple(after[0], after[1])));
      const rows = await query
        .orderBy("started_at", "desc")
        .orderBy("id", "desc")
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => [row.started_at, row.id]);
    },
    async latest(endpointIds) {
      if (endpointIds.length === 0) return new Map();
      // One look into the index per endpoint, whatever the length of the history.
      const rows = await db
        .selectFrom("endpoints")
        .innerJoin("sync_runs", (join) =>
          join.on("sync_runs.id", "=", (eb) =>
            eb
              .selectFrom("sync_runs as newest")
              .select("newest.id")
              .whereRef("newest.endpoint_id", "=", "endpoints.id")
              .orderBy("newest.started_at", "desc")
              .orderBy("newest.id", "desc")
              .limit(1),
          ),
        )
        .where("endpoints.id", "in", endpointIds)
        .selectAll("sync_runs")
        .execute();
      return new Map(rows.map((row) => [row.endpoint_id, row]));
    },
    async deleteBefore(timeMs) {
      const result = await db.deleteFrom("sync_runs").where("started_at", "<", timeMs).executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}
