// The ledger in the database: writing is ingest's, here are reports and pages.
import { type Kysely, sql } from "kysely";
import { ingestRecords, interruptAttempts } from "../ledger/ingest.ts";
import type { Engine, LedgerRepository } from "../port.ts";
import type { Database } from "../schema.ts";
import { ledgerTransactions } from "./ledger-transaction.ts";
import { readUsage } from "./read-usage.ts";
import { pageOfRequests } from "./request-pages.ts";
import { sumDays } from "./sum-days.ts";

/** Rows removed per statement, so that clearing out months never holds up the ledger's writers for long. */
const rowsPerDelete = 5000;

export function ledgerRepository(db: Kysely<Database>, engine: Engine): LedgerRepository {
  const inTransaction = ledgerTransactions(db, engine);
  return {
    ingest: (records) => ingestRecords(inTransaction, records),
    interrupt: (processId, nowMs) => interruptAttempts(inTransaction, processId, nowMs),
    usage: (query) => readUsage(db, query),
    sumDays: (nowMs) => sumDays(db, engine, nowMs),

    async unsettledProcesses() {
      const query = db.selectFrom("attempts").select("process_id").distinct().where("state", "=", sql.lit("started"));
      return (await query.orderBy("process_id").execute()).map((row) => row.process_id);
    },

    async latency({ fromMs, toMs, metric, model }) {
      let query = db
        .selectFrom("usage_latency")
        .where("usage_latency.hour", ">=", fromMs)
        .where("usage_latency.hour", "<", toMs)
        .where("metric", "=", metric);
      if (model !== undefined) {
        query = query
          .innerJoin("usage_hourly", (join) =>
            join.onRef("usage_hourly.hour", "=", "usage_latency.hour").onRef("usage_hourly.dims", "=", "usage_latency.dims"),
          )
          .where("usage_hourly.model", "=", model) as typeof query;
      }
      const rows = await query
        .select(["bucket", sql<number>`cast(sum("count") as bigint)`.as("total")])
        .groupBy("bucket")
        .orderBy("bucket")
        .execute();
      return new Map(rows.map((row) => [row.bucket, row.total]));
    },

    async usageSpan() {
      const hours = db.selectFrom("usage_hourly").select("hour").limit(1);
      const first = await hours.orderBy("hour").executeTakeFirst();
      const last = await hours.orderBy("hour", "desc").executeTakeFirst();
      return first === undefined || last === undefined ? null : { fromMs: first.hour, toMs: last.hour + 3_600_000 };
    },

    pageOfRequests: (filter, request) => pageOfRequests(db, engine, filter, request),

    async oldestMs() {
      const query = db.selectFrom("attempts").select("started_at").orderBy("started_at").limit(1);
      return (await query.executeTakeFirst())?.started_at ?? null;
    },

    async lastUsed(keyIds) {
      if (keyIds.length === 0) return new Map();
      // One look into the index per key, however many requests it has made.
      const newest = sql<number | null>`(select max(started_at) from attempts where key_id = keys.id and final = 1)`;
      const rows = await db
        .selectFrom("keys")
        .select(["id", newest.as("at")])
        .where("id", "in", keyIds)
        .execute();
      return new Map(rows.flatMap(({ id, at }) => (at === null ? [] : [[id, at] as const])));
    },

    async attemptsOf(requestIds) {
      if (requestIds.length === 0) return [];
      return db
        .selectFrom("attempts")
        .selectAll()
        .where("request_id", "in", requestIds)
        .orderBy("request_id")
        .orderBy("attempt_no")
        .orderBy("started_at")
        .orderBy("id")
        .execute();
    },

    async deleteBefore(timeMs) {
      let deleted = 0;
      for (;;) {
        const result = await db
          .deleteFrom("attempts")
          .where((eb) =>
            eb(
              eb.refTuple("started_at", "id"),
              "in",
              eb
                .selectFrom("attempts as old")
                .select(["old.started_at", "old.id"])
                .where("old.started_at", "<", timeMs)
                .orderBy("old.started_at")
                .limit(rowsPerDelete)
                .$asTuple("started_at", "id"),
            ),
          )
          .executeTakeFirst();
        deleted += Number(result.numDeletedRows);
        if (Number(result.numDeletedRows) < rowsPerDelete) return deleted;
      }
    },
  };
}
