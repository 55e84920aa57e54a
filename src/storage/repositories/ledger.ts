// The ledger in the database: writing is ingest's, here are reports and pages.
import { type Kysely, sql } from "kysely";
import { decodeCursor, pageOf } from "../cursor.ts";
import { ingestRecords, interruptAttempts } from "../ledger/ingest.ts";
import type { Engine, LedgerRepository, UsageQuery, UsageRow } from "../port.ts";
import type { Database } from "../schema.ts";
import { ledgerTransactions } from "./ledger-transaction.ts";
import { belongsTo } from "./owned-by.ts";

const dayMs = 86_400_000;

/** Rows removed per statement, so that clearing out months never holds up the ledger's writers for long. */
const rowsPerDelete = 5000;

const columnOf = { model: "model", endpoint: "endpoint", key: "key_id", user: "user_id", group: "group_id" } as const;

export function ledgerRepository(db: Kysely<Database>, engine: Engine): LedgerRepository {
  const inTransaction = ledgerTransactions(db, engine);
  return {
    ingest: (records) => ingestRecords(inTransaction, records),
    interrupt: (processId, nowMs) => interruptAttempts(inTransaction, processId, nowMs),
    usage: (query) => readUsage(db, query),

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

    async pageOfRequests({ model, endpoint, keyId, outcome, fromMs, toMs, ownedBy }, { limit, cursor }) {
      const after = decodeCursor(cursor, ["number", "string"]);
      let query = db.selectFrom("attempts").selectAll().where("final", "=", sql.lit(1));
      if (model !== undefined) query = query.where("model", "=", model);
      if (endpoint !== undefined) query = query.where("endpoint", "=", endpoint);
      if (keyId !== undefined) query = query.where("key_id", "=", keyId);
      if (fromMs !== undefined) query = query.where("started_at", ">=", fromMs);
      if (toMs !== undefined) query = query.where("started_at", "<", toMs);
      if (ownedBy !== undefined) query = query.where(belongsTo(db, ownedBy));
      if (outcome === "ok") query = query.where("state", "=", "settled").where("status", "<", 400).where("error", "is", null);
      if (outcome === "error") {
        query = query.where((eb) =>
          eb.or([
            eb("state", "=", "interrupted"),
            eb.and([eb("state", "=", "settled"), eb.or([eb("status", ">=", 400), eb("error", "is not", null)])]),
          ]),
        );
      }
      if (after !== null) query = query.where((eb) => eb(eb.refTuple("started_at", "id"), "<", eb.tuple(after[0], after[1])));
      const rows = await query
        .orderBy("started_at", "desc")
        .orderBy("id", "desc")
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => [row.started_at, row.id]);
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

async function readUsage(db: Kysely<Database>, { fromMs, toMs, groupBy, bucket, ownedBy }: UsageQuery): Promise<UsageRow[]> {
  const columns = [...new Set(groupBy)].map((name) => columnOf[name]);
  const total = (column: string) => sql<number>`cast(coalesce(sum(${sql.ref(column)}), 0) as bigint)`;
  let query = db
    .selectFrom("usage_hourly")
    .where("hour", ">=", fromMs)
    .where("hour", "<", toMs)
    .select([
      total("requests").as("requests"),
      total("attempts").as("attempts"),
      total("errors").as("errors"),
      total("input_tokens").as("inputTokens"),
      total("cached_input_tokens").as("cachedInputTokens"),
      total("cache_write_tokens").as("cacheWriteTokens"),
      total("output_tokens").as("outputTokens"),
      total("reasoning_tokens").as("reasoningTokens"),
      total("cost_nano_usd").as("costNanoUsd"),
      total("estimated_requests").as("estimatedRequests"),
      total("unpriced_requests").as("unpricedRequests"),
      total("interrupted_requests").as("interruptedRequests"),
    ]);
  if (ownedBy !== undefined) query = query.where(belongsTo(db, ownedBy));
  if (bucket !== null) {
    const start = bucket === "hour" ? sql<number>`"hour"` : sql<number>`"hour" - "hour" % ${sql.lit(dayMs)}`;
    query = query.select(start.as("bucketMs")).groupBy(start).orderBy(start) as typeof query;
  }
  for (const column of columns) query = query.select(column).groupBy(column).orderBy(column) as typeof query;
  // Without any grouping an aggregate is one row even over nothing; over nothing there is no usage to list.
  const rows = (await query.having(sql<number>`count(*)`, ">", 0).execute()) as (UsageRow & Record<string, string | undefined>)[];
  return rows.map(({ key_id, user_id, group_id, ...row }) => ({
    ...row,
    bucketMs: row.bucketMs ?? null,
    model: row.model ?? null,
    endpoint: row.endpoint ?? null,
    keyId: key_id ?? null,
    userId: user_id ?? null,
    groupId: group_id ?? null,
  }));
}
