// The roll-ups that a report over some time is read from: days that are summed, and hours for what is left of it.
import { type Kysely, PostgresAdapter, type RawBuilder, type SelectQueryBuilder, sql } from "kysely";
import type { OwnedBy } from "../ports/owned-by.ts";
import type { Database } from "../schema/database.ts";

const dayMs = 86_400_000;

/** Inclusive, exclusive; ms. */
export interface Range {
  fromMs: number;
  toMs: number;
}

/** Whole days, without those in `changed`. */
export interface Days extends Range {
  changed: readonly number[];
}

/** More ranges of hours than these make a statement long: then all hours are read. */
const rangesMax = 20;

export function isPostgres(db: Kysely<Database>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}

/** What of a period the sums of days have, null: nothing; and the hours beside those, in order. */
export async function periodOf(db: Kysely<Database>, { fromMs, toMs }: Range): Promise<{ days: Days | null; hours: Range[] }> {
  const firstDay = Math.ceil(fromMs / dayMs) * dayMs;
  const endDay = Math.floor(toMs / dayMs) * dayMs;
  const allHours = { days: null, hours: fromMs < toMs ? [{ fromMs, toMs }] : [] };
  if (firstDay >= endDay) return allHours;
  const rows = await db
    .selectFrom("usage_changed_days")
    .select("day")
    .where("day", ">=", firstDay)
    .where("day", "<", endDay)
    .orderBy("day")
    .execute();
  const changed = rows.map(({ day }) => day);
  const apart = [
    { fromMs, toMs: firstDay },
    ...changed.map((day) => ({ fromMs: day, toMs: day + dayMs })),
    { fromMs: endDay, toMs },
  ];
  const hours: Range[] = [];
  for (const range of apart) {
    const last = hours.at(-1);
    if (last?.toMs === range.fromMs) last.toMs = range.toMs;
    else if (range.fromMs < range.toMs) hours.push(range);
  }
  if (hours.length > rangesMax || changed.length === (endDay - firstDay) / dayMs) return allHours;
  return { days: { fromMs: firstDay, toMs: endDay, changed }, hours };
}

/** Whether a column's time is in one of the ranges, of which there is at least one. */
export function isWithin(column: string, ranges: readonly Range[]): RawBuilder<boolean> {
  const each = ranges.map(({ fromMs, toMs }) => sql`(${sql.ref(column)} >= ${fromMs} and ${sql.ref(column)} < ${toMs})`);
  return sql<boolean>`(${sql.join(each, sql` or `)})`;
}

/** Rows of usage_hourly in the ranges, and of `ownedBy` alone. */
export function hoursOf(db: Kysely<Database>, ranges: readonly Range[], ownedBy: OwnedBy | undefined) {
  const parts = ranges.map(({ fromMs, toMs }) => {
    const within = sql`usage_hourly.hour >= ${fromMs} and usage_hourly.hour < ${toMs}`;
    if (ownedBy === undefined) return sql`select * from usage_hourly where ${within}`;
    const { people, groups } = sourcesOf(ownedBy);
    // One person's are found by the index. SQLite would go by the hours, and does not with a join.
    if (groups === null) {
      return sql`select usage_hourly.* from ${people} cross join usage_hourly where usage_hourly.user_id = people.of_user and ${within}`;
    }
    // Those of a group's many members lie all over the hours: the hours are read in their order, each once.
    const members = sql`select group_members.user_id from group_members where group_members.group_id in ${groups}`;
    return sql`select * from usage_hourly
      where ${within} and (user_id = ${ownedBy.userId} or group_id in ${groups} or user_id in (${members}))`;
  });
  return tableOf(db, parts, "usage_hourly");
}

/** Rows of usage_daily of one dimension, and of `ownedBy` alone, which is said of users only. */
export function daysOf(db: Kysely<Database>, dimension: string, { fromMs, toMs, changed }: Days, ownedBy: OwnedBy | undefined) {
  const left = changed.length === 0 ? sql`` : sql`and day not in (${sql.join(changed)})`;
  const within = sql`dimension = ${sql.lit(dimension)} and day >= ${fromMs} and day < ${toMs} ${left}`;
  if (ownedBy === undefined) return tableOf(db, [sql`select * from usage_daily where ${within}`], "usage_daily");
  const { people, groups } = sourcesOf(ownedBy);
  const ofPeople = sql`select usage_daily.* from ${people} cross join usage_daily where value = people.of_user and ${within}`;
  if (groups === null) return tableOf(db, [ofPeople], "usage_daily");
  const paid = sql`select * from usage_daily
    where payer <> '' and payer in ${groups} and value not in (select of_user from ${people}) and ${within}`;
  return tableOf(db, [ofPeople, paid], "usage_daily");
}

/** Rows of latency_daily of `ownedBy`. */
export function latencyDaysOf(db: Kysely<Database>, { fromMs, toMs, changed }: Days, ownedBy: OwnedBy) {
  const { people, groups } = sourcesOf(ownedBy);
  let query = db
    .selectFrom("latency_daily")
    .where("day", ">=", fromMs)
    .where("day", "<", toMs)
    .where(sql<boolean>`(user_id in (select of_user from ${people}) ${groups === null ? sql`` : sql`or group_id in ${groups}`})`);
  if (changed.length > 0) query = query.where("day", "not in", changed);
  return query;
}

/** Users that are the owner or in one of the groups that they manage, as a table `people` of `of_user`, and those groups, null: none. */
export function sourcesOf({ userId, groupIds }: OwnedBy): { people: RawBuilder<unknown>; groups: RawBuilder<unknown> | null } {
  const self = sql`select cast(${userId} as text) as of_user`;
  if (groupIds.length === 0) return { people: sql`(${self}) as people`, groups: null };
  const groups = sql`(${sql.join([...groupIds])})`;
  const members = sql`select group_members.user_id as of_user from group_members where group_members.group_id in ${groups}`;
  return { people: sql`(${members} union ${self}) as people`, groups };
}

function tableOf<Name extends "usage_hourly" | "usage_daily">(db: Kysely<Database>, parts: RawBuilder<unknown>[], name: Name) {
  const rows = sql`(${sql.join(parts, sql` union all `)})`.as(name);
  // biome-ignore lint/complexity/noBannedTypes: as Kysely writes a query that has selected nothing yet
  return db.selectFrom(rows as never) as unknown as SelectQueryBuilder<Database, Name, {}>;
}
