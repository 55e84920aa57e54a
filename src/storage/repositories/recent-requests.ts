// The requests of the last minute or so, for rates that a restart must not forget.
import { type Kysely, sql } from "kysely";
import type { RecentRequest } from "../ports/ledger.ts";
import type { Database } from "../schema/database.ts";

/** Their retries are in their tokens. By time; when there are more than `limit`, the newest. */
export async function recentRequests(
  db: Kysely<Database>,
  { fromMs, toMs, limit }: { fromMs: number; toMs: number; limit: number },
): Promise<RecentRequest[]> {
  const rows = await db
    .selectFrom("attempts")
    // No attempt begins before its request: this is what the table is ordered by.
    .where("started_at", ">=", fromMs)
    .where("request_started_at", ">=", fromMs)
    .where("request_started_at", "<", toMs)
    .select([
      "request_started_at",
      "key_id",
      "user_id",
      "model",
      sql<number>`cast(sum(input_tokens + cached_input_tokens + cache_write_tokens + output_tokens + reasoning_tokens) as bigint)`.as(
        "tokens",
      ),
    ])
    .groupBy(["request_id", "request_started_at", "key_id", "user_id", "model"])
    .orderBy("request_started_at", "desc")
    .limit(limit)
    .execute();
  return rows
    .map((row) => ({
      startedAtMs: row.request_started_at,
      keyId: row.key_id,
      userId: row.user_id,
      model: row.model,
      tokens: Number(row.tokens),
    }))
    .reverse();
}
