// Latencies of whole days that belong to somebody: of one person by the day; of a manager from what each group paid for, and the rest.
import { type Kysely, type RawBuilder, sql } from "kysely";
import { jsonRows } from "../json-rows.ts";
import type { OwnedBy } from "../ports/owned-by.ts";
import type { LatencyCount, OverviewQuery } from "../ports/usage.ts";
import type { Database } from "../schema/database.ts";
import { type Days, isPostgres, latencyDaysOf, sourcesOf } from "./usage-tables.ts";

const dayMs = 86_400_000;

/** What a member used on a day and a group paid for that the manager does not manage. */
interface PaidElsewhere {
  user_id: string;
  day: number;
  payer: string;
}

/** More than these, and looking them up one by one takes longer than going through everybody's. */
const lookUpsMax = 1000;

const total = sql<number>`cast(sum("count") as bigint)`.as("count");

/** In no order; null: only the hours have it. `startOf` is the start of the bucket in which the column's time lies. */
export async function latencyOfDays(
  db: Kysely<Database>,
  days: Days,
  bucket: OverviewQuery["bucket"],
  ownedBy: OwnedBy,
  startOf: (column: string) => RawBuilder<number | null>,
): Promise<LatencyCount[] | null> {
  const elsewhere = ownedBy.groupIds.length === 0 ? null : await paidElsewhere(db, days, ownedBy);
  if (elsewhere !== null && elsewhere.length <= lookUpsMax) {
    const parts = [paidByGroups(db, days, ownedBy.groupIds)];
    if (elsewhere.length > 0) parts.push(latenciesOf(db, elsewhere));
    const start = startOf("hour");
    return db
      .selectFrom(sql`(${sql.join(parts, sql` union all `)})`.as("latency_hourly") as never as "latency_hourly")
      .select([start.as("bucketMs"), "metric", "bucket", total])
      .groupBy([start, "metric", "bucket"])
      .execute() as Promise<LatencyCount[]>;
  }
  if (bucket === "hour") return null;
  const start = startOf("day");
  return latencyDaysOf(db, days, ownedBy)
    .select([start.as("bucketMs"), "metric", "bucket", total])
    .groupBy([start, "metric", "bucket"])
    .execute() as Promise<LatencyCount[]>;
}

/** One more than `lookUpsMax` at the most. */
async function paidElsewhere(db: Kysely<Database>, { fromMs, toMs, changed }: Days, ownedBy: OwnedBy): Promise<PaidElsewhere[]> {
  const { people, groups } = sourcesOf(ownedBy);
  let query = db
    .selectFrom("usage_daily")
    .where("dimension", "=", sql.lit("user"))
    .where(sql<boolean>`value in (select of_user from ${people}) and payer not in ${groups}`)
    .where("day", ">=", fromMs)
    .where("day", "<", toMs);
  if (changed.length > 0) query = query.where("day", "not in", changed);
  return query
    .select(["value as user_id", "day", "payer"])
    .limit(lookUpsMax + 1)
    .execute();
}

function paidByGroups(db: Kysely<Database>, { fromMs, toMs, changed }: Days, groupIds: readonly string[]): RawBuilder<unknown> {
  const left = changed.length === 0 ? sql`` : sql`and hour - hour % ${sql.lit(dayMs)} not in (${sql.join(changed)})`;
  const each = isPostgres(db) ? sql`json_each_text(cast(counts as json))` : sql`json_each(counts)`;
  return sql`select hour, metric, cast(each.key as bigint) as bucket, cast(each.value as bigint) as "count"
    from latency_paid cross join ${each} as each
    where group_id in (${sql.join([...groupIds])}) and hour >= ${fromMs} and hour < ${toMs} ${left}`;
}

/** Both engines look up what is given row by row: by user and hour, then by the roll-up's key. */
function latenciesOf(db: Kysely<Database>, elsewhere: readonly PaidElsewhere[]): RawBuilder<unknown> {
  const columns = { user_id: "text", day: "bigint", payer: "text" } as const;
  return sql`select usage_latency.hour, metric, bucket, "count"
    from ${jsonRows(isPostgres(db) ? "postgres" : "sqlite", columns, elsewhere)} cross join usage_hourly cross join usage_latency
    where usage_hourly.user_id = given.user_id and usage_hourly.group_id = given.payer
    and usage_hourly.hour >= given.day and usage_hourly.hour < given.day + ${sql.lit(dayMs)}
    and usage_latency.hour = usage_hourly.hour and usage_latency.dims = usage_hourly.dims`;
}
