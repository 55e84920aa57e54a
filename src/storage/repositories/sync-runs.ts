// The history of synchronisations in the database.
import type { Kysely } from "kysely";
import type { SyncRunRepository } from "../ports/endpoints.ts";
import type { Database } from "../schema/database.ts";
import { type PageOrder, readPage } from "./read-page.ts";

const latestFirst: PageOrder = { columns: { started_at: "number", id: "string" }, direction: "desc" };

export function syncRunRepository(db: Kysely<Database>): SyncRunRepository {
  return {
    async insert(row) {
      await db.insertInto("sync_runs").values(row).execute();
    },
    async pageOfEndpoint(endpointId, request) {
      return readPage(db.selectFrom("sync_runs").selectAll().where("endpoint_id", "=", endpointId), latestFirst, request);
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
