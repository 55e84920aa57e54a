// Usage by the UTC day and the provider's own model, from the attempts that are still there: roll-ups know public names only.
import { type Kysely, sql } from "kysely";
import type { UpstreamUsageQuery, UpstreamUsageRow } from "../ports/usage.ts";
import type { Database } from "../schema/database.ts";

/** See LedgerRepository.upstreamUsage. */
export async function upstreamUsage(
  db: Kysely<Database>,
  { fromMs, toMs, endpoint }: UpstreamUsageQuery,
): Promise<UpstreamUsageRow[]> {
  const sum = (column: string) => sql`cast(sum(${sql.raw(column)}) as bigint)`;
  const of = endpoint === undefined ? sql`` : sql`and endpoint = ${endpoint}`;
  // What a provider refused at once, or never saw, it does not count.
  const counts = sql`case when (status < 400 or input_tokens + cached_input_tokens + cache_write_tokens + output_tokens + reasoning_tokens > 0)
    then 1 else 0 end`;
  const { rows } = await sql<UpstreamUsageRow>`
    select started_at - started_at % 86400000 as "dayMs", upstream_model as "upstreamModel",
      cast(sum(${counts}) as bigint) as "attempts",
      ${sum("input_tokens")} as "inputTokens", ${sum("cached_input_tokens")} as "cachedInputTokens",
      ${sum("cache_write_tokens")} as "cacheWriteTokens", ${sum("output_tokens")} as "outputTokens",
      ${sum("reasoning_tokens")} as "reasoningTokens",
      cast(coalesce(sum(cost_nano_usd), 0) + coalesce(sum(adjusted), 0) as bigint) as "costNanoUsd"
    from attempts left join (
      select attempt_started_at, attempt_id, sum(delta_nano_usd) as adjusted from adjustments
      where attempt_started_at >= ${fromMs} and attempt_started_at < ${toMs} group by attempt_started_at, attempt_id
    ) as adjustments on attempt_started_at = started_at and attempt_id = attempts.id
    where started_at >= ${fromMs} and started_at < ${toMs} and state <> 'started' ${of}
    group by 1, 2 order by 1, 2`.execute(db);
  return rows;
}
