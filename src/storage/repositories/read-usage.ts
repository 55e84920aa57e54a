// Usage, summed from the roll-ups: those of days and one dimension as far as they answer what is asked, else those of hours.
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { UsageQuery, UsageRow } from "../ports/usage.ts";
import type { Database } from "../schema/database.ts";
import { type Days, daysOf, hoursOf, isPostgres, periodOf, type Range } from "./usage-tables.ts";

const dayMs = 86_400_000;

const columnOf = { model: "model", endpoint: "endpoint", key: "key_id", user: "user_id", group: "group_id" } as const;
type Dimension = keyof typeof columnOf;
const dimensions = Object.keys(columnOf) as Dimension[];

/** Of the rows' sums, under the names that UsageRow has for them. */
export function usageSums() {
  const total = (column: string) => sql<number>`cast(coalesce(sum(${sql.ref(column)}), 0) as bigint)`;
  return [
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
  ] as const;
}

/** By bucket, then by what it is grouped by; with a limit: by requests, the most first. */
export async function readUsage(db: Kysely<Database>, query: UsageQuery): Promise<UsageRow[]> {
  const dimension = dimensionOfDays(query);
  const period = dimension === null ? { days: null, hours: [query] } : await periodOf(db, query);
  if (period.days === null || dimension === null) return sumHours(db, query, period.hours, query.limit);
  // So many rows of one bucket: which those are needs one sum of each value, not all of them.
  const cut = query.limit !== undefined && query.groupBy.length > 0 && query.bucket === null ? query.limit : undefined;
  const values = cut === undefined ? undefined : await greatest(db, query, dimension, { ...period, days: period.days }, cut);
  const days = await rowsOf(sumsOfDays(db, query, dimension, period.days, values).select(usageSums()));
  const hours = await sumHours(db, query, period.hours, undefined, values);
  const merged = merge(days, hours, query.groupBy);
  return query.limit === undefined ? merged : merged.sort((a, b) => b.requests - a.requests).slice(0, query.limit);
}

/** The one dimension that usage_daily answers the query by; null: only the hours have what is asked for. */
function dimensionOfDays({ groupBy, bucket, ownedBy, filter = {} }: UsageQuery): Dimension | null {
  if (bucket === "hour") return null;
  const asked = new Set([...groupBy, ...dimensions.filter((name) => filter[name] !== undefined)]);
  // Rows of users say who paid.
  const isOfUsers = [...asked].every((name) => name === "user" || name === "group");
  if (isOfUsers && (ownedBy !== undefined || asked.size > 1)) return "user";
  const [dimension = "endpoint", ...more] = asked;
  return more.length > 0 || ownedBy !== undefined ? null : dimension;
}

/** The column of usage_daily that has a dimension, in the rows of `dimension`. */
function columnOfDays(name: Dimension, dimension: Dimension): "value" | "payer" {
  return name === dimension ? "value" : "payer";
}

/** By what is asked for, without sums. In no order: PostgreSQL would sort all rows for it, not only their sums. */
function sumsOfDays(
  db: Kysely<Database>,
  { groupBy, bucket, ownedBy, filter = {} }: Pick<UsageQuery, "groupBy" | "bucket" | "ownedBy" | "filter">,
  dimension: Dimension,
  days: Days,
  values: Values | undefined,
) {
  let query = daysOf(db, dimension, days, ownedBy);
  for (const name of dimensions) {
    const value = filter[name];
    if (value !== undefined) query = query.where(columnOfDays(name, dimension), "=", value);
  }
  if (values !== undefined) query = query.where(columnOfDays(values.dimension, dimension), "in", values.chosen);
  if (bucket === "day") query = query.select("day as bucketMs").groupBy("day") as typeof query;
  for (const name of new Set(groupBy)) {
    const column = columnOfDays(name, dimension);
    query = query.select(`${column} as ${columnOf[name]}`).groupBy(column) as typeof query;
  }
  return query.having(sql<number>`count(*)`, ">", 0);
}

/** Those of one dimension that are asked for. */
interface Values {
  dimension: Dimension;
  chosen: RawBuilder<string>;
}

/** The values with the most requests; undefined: they can't be told from one column alone. */
async function greatest(
  db: Kysely<Database>,
  query: UsageQuery,
  dimension: Dimension,
  { days, hours }: { days: Days; hours: readonly Range[] },
  limit: number,
): Promise<Values | undefined> {
  const [grouped, ...more] = new Set(query.groupBy);
  if (grouped === undefined || more.length > 0) return undefined;
  const column = columnOf[grouped];
  const requests = sql<number>`sum(requests)`.as("requests");
  const ofDays = sumsOfDays(db, query, dimension, days, undefined).select(requests);
  const ofHours = sumsOfHours(db, query, hours, undefined)?.select(requests);
  const all = ofHours === undefined ? ofDays : (ofDays.unionAll(ofHours as never) as typeof ofDays);
  // Not as a statement of its own text: SQLite's driver would take that for one that writes.
  const rows = await db
    .selectFrom(sql`(${all})`.as("usage_hourly") as never as "usage_hourly")
    .select(`${column} as value`)
    .groupBy(column)
    .orderBy((eb) => eb.fn.sum("requests"), "desc")
    .orderBy(column)
    .limit(limit)
    .execute();
  const json = JSON.stringify(rows.map(({ value }) => value));
  const chosen = isPostgres(db)
    ? sql<string>`(select json_array_elements_text(cast(${json} as json)))`
    : sql<string>`(select value from json_each(${json}))`;
  return { dimension: grouped, chosen };
}

async function sumHours(
  db: Kysely<Database>,
  query: UsageQuery,
  ranges: readonly Range[],
  limit: number | undefined,
  values?: Values,
): Promise<UsageRow[]> {
  let sums = sumsOfHours(db, query, ranges, values)?.select(usageSums());
  if (sums === undefined) return [];
  if (limit !== undefined) sums = sums.orderBy("requests", "desc").limit(limit) as typeof sums;
  if (query.bucket !== null) sums = sums.orderBy("bucketMs" as never) as typeof sums;
  for (const name of new Set(query.groupBy)) sums = sums.orderBy(columnOf[name]) as typeof sums;
  return rowsOf(sums);
}

/** By what is asked for, without sums and in no order; undefined: there are no hours. */
function sumsOfHours(
  db: Kysely<Database>,
  { groupBy, bucket, ownedBy, filter = {} }: UsageQuery,
  ranges: readonly Range[],
  values: Values | undefined,
) {
  if (ranges.length === 0) return undefined;
  let query = hoursOf(db, ranges, ownedBy);
  for (const name of dimensions) {
    const value = filter[name];
    if (value !== undefined) query = query.where(columnOf[name], "=", value);
  }
  if (values !== undefined) query = query.where(columnOf[values.dimension], "in", values.chosen);
  if (bucket !== null) {
    const start = bucket === "hour" ? sql<number>`"hour"` : sql<number>`"hour" - "hour" % ${sql.lit(dayMs)}`;
    query = query.select(start.as("bucketMs")).groupBy(start) as typeof query;
  }
  for (const column of [...new Set(groupBy)].map((name) => columnOf[name])) {
    query = query.select(column).groupBy(column) as typeof query;
  }
  // Without any grouping an aggregate is one row even over nothing; over nothing there is no usage to list.
  return query.having(sql<number>`count(*)`, ">", 0);
}

async function rowsOf(query: { execute(): Promise<object[]> }): Promise<UsageRow[]> {
  return ((await query.execute()) as (UsageRow & Partial<Record<"key_id" | "user_id" | "group_id", string>>)[]).map(usageRowOf);
}

/** Field by field: thousands of rows of a report are made of others on the thread that serves calls, and copying by rest takes ten times as long. */
function usageRowOf(row: UsageRow & Partial<Record<"key_id" | "user_id" | "group_id", string>>): UsageRow {
  return {
    bucketMs: row.bucketMs ?? null,
    model: row.model ?? null,
    endpoint: row.endpoint ?? null,
    keyId: row.key_id ?? null,
    userId: row.user_id ?? null,
    groupId: row.group_id ?? null,
    requests: row.requests,
    attempts: row.attempts,
    errors: row.errors,
    inputTokens: row.inputTokens,
    cachedInputTokens: row.cachedInputTokens,
    cacheWriteTokens: row.cacheWriteTokens,
    outputTokens: row.outputTokens,
    reasoningTokens: row.reasoningTokens,
    costNanoUsd: row.costNanoUsd,
    estimatedRequests: row.estimatedRequests,
    unpricedRequests: row.unpricedRequests,
    interruptedRequests: row.interruptedRequests,
  };
}

/** Of days and of the hours before and after them: sums of the same bucket and value become one row. */
function merge(days: readonly UsageRow[], hours: readonly UsageRow[], groupBy: UsageQuery["groupBy"]): UsageRow[] {
  const fields = [...new Set(groupBy)].map((name) => fieldOf[name]);
  const merged = new Map<string, UsageRow>();
  const [field] = fields;
  // A text that tells rows apart; one value does by itself, and most reports have no more.
  const keyOf = (row: UsageRow): string =>
    fields.length === 1 && field !== undefined
      ? `${row.bucketMs} ${row[field]}`
      : JSON.stringify([row.bucketMs, ...fields.map((each) => row[each])]);
  for (const row of [...days, ...hours]) {
    const key = keyOf(row);
    const present = merged.get(key);
    if (present === undefined) merged.set(key, row);
    else for (const sum of sums) present[sum] += row[sum];
  }
  return [...merged.values()].sort((a, b) => {
    if (a.bucketMs !== b.bucketMs) return (a.bucketMs ?? 0) - (b.bucketMs ?? 0);
    const field = fields.find((name) => a[name] !== b[name]);
    return field === undefined ? 0 : (a[field] ?? "") < (b[field] ?? "") ? -1 : 1;
  });
}

const fieldOf = { model: "model", endpoint: "endpoint", key: "keyId", user: "userId", group: "groupId" } as const;

const sums = [
  "requests",
  "attempts",
  "errors",
  "inputTokens",
  "cachedInputTokens",
  "cacheWriteTokens",
  "outputTokens",
  "reasoningTokens",
  "costNanoUsd",
  "estimatedRequests",
  "unpricedRequests",
  "interruptedRequests",
] as const;
