// The ledger in the database: writing is ingest's, here are reports and pages.
import { type Kysely, sql } from "kysely";
import { dropPartitionsBefore, makePartitions } from "../ledger/attempt-partitions.ts";
import { ingestRecords, interruptAttempts } from "../ledger/ingest.ts";
import type { LedgerRepository } from "../ports/ledger.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { ledgerTransactions } from "./ledger-transaction.ts";
import { readUsage } from "./read-usage.ts";
import { recentRequests } from "./recent-requests.ts";
import { pageOfRequests } from "./request-pages.ts";
import { spendOf } from "./spend-of.ts";
import { sumDays } from "./sum-days.ts";
import { upstreamUsage } from "./upstream-usage.ts";

/** About as many rows are removed per statement, so that clearing out months never holds up the ledger's writers for long. */
const rowsPerDelete = 5000;

export function ledgerRepository(db: Kysely<Database>, engine: Engine): LedgerRepository {
  const inTransaction = ledgerTransactions(db, engine);
  return {
    ingest: (records) => ingestRecords(inTransaction, records),
    interrupt: (processId, nowMs) => interruptAttempts(inTransaction, processId, nowMs),
    usage: (query) => readUsage(db, query),
    upstreamUsage: (query) => upstreamUsage(db, query),
    spendOf: (accounts) => spendOf(db, engine, accounts),
    recentRequests: (query) => recentRequests(db, query),
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

    async prepareMonths(nowMs) {
      if (engine === "postgres") await makePartitions(db, nowMs);
    },

    async deleteBefore(timeMs) {
      // First, or the entries of attempts that are gone could stay: nothing would lead to them.
      await deleteInSlices(db, "adjustments", "attempt_started_at", timeMs);
      const dropped = engine === "postgres" ? await dropPartitionsBefore(db, timeMs) : 0;
      return dropped + (await deleteInSlices(db, "attempts", "started_at", timeMs));
    },
  };
}

/**
 * Rows of a table of attempts from before `timeMs`, the oldest first. Each statement deletes what lies before a time, which an index finds
 * in any table; a list of keys it would compare with all rows where the table is in parts.
 */
async function deleteInSlices(
  db: Kysely<Database>,
  table: "attempts" | "adjustments",
  column: "started_at" | "attempt_started_at",
  timeMs: number,
): Promise<number> {
  const [rows, at] = [sql.table(table), sql.ref(column)];
  let deleted = 0;
  for (;;) {
    const edge = await sql<{ at: number }>`select ${at} as at from ${rows} where ${at} < ${timeMs}
      order by ${at} limit 1 offset ${sql.lit(rowsPerDelete - 1)}`.execute(db);
    const untilMs = edge.rows[0] === undefined ? timeMs : edge.rows[0].at + 1;
    const result = await sql`delete from ${rows} where ${at} < ${untilMs}`.execute(db);
    deleted += Number(result.numAffectedRows ?? 0);
    if (edge.rows[0] === undefined) return deleted;
  }
}
