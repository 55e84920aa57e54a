// The newest requests that a manager sees, however few they are among those of everybody.
import { type RawBuilder, sql } from "kysely";
import { everyoneGroupId } from "../../domain/everyone.ts";
import type { OwnedBy } from "../ports/owned-by.ts";
import type { Engine } from "../ports/storage.ts";

/** What rows are found by: people, by their requests, and groups, by what they pay. Both have an index with the time behind it. */
interface Source {
  ids: RawBuilder<unknown>;
  isOf: RawBuilder<unknown>;
}

/**
 * A subquery of `(started_at, id)` of the newest `count` rows that belong to `owner` and meet `conditions`. Walking all requests down
 * from the newest would take as long as the manager's own are rare. So the newest rows are taken from each person and each group that
 * pays, and the newest of those are the answer; where there are many of them, most need only one look: they have nothing as new as
 * the newest single rows of `count` others, and those already make a page.
 */
export function newestOfGroups(
  engine: Engine,
  { userId, groupIds }: OwnedBy,
  conditions: readonly RawBuilder<boolean>[],
  count: number,
): RawBuilder<unknown> {
  const groups = sql.join([...groupIds]);
  const people: Source = {
    ids: sql`(select group_members.user_id as source_id from group_members where group_members.group_id in (${groups})
      union select ${userId})`,
    isOf: sql`user_id = source_id and user_id is not null`,
  };
  const payers: Source = {
    ids: sql`(select groups.id as source_id from groups where groups.id in (${groups}))`,
    isOf: sql`group_id = source_id and group_id <> ${sql.lit(everyoneGroupId)}`,
  };
  const such = sql.join([sql`final = 1`, ...conditions], sql` and `);
  const newestOfEach = ({ ids, isOf }: Source) =>
    sql`select (select max(started_at) from attempts where ${isOf} and ${such}) as newest_at from ${ids} as sources`;
  const sinceMs = sql`coalesce((
    select newest_at from (${newestOfEach(people)} union ${newestOfEach(payers)}) as newest
    where newest_at is not null order by newest_at desc limit 1 offset ${count - 1}), 0)`;
  const rowsOfEach = (source: Source) => eachOf(engine, source, sql`${such} and started_at >= ${sinceMs}`, count);
  return sql`(
    select started_at, id from (${rowsOfEach(people)} union ${rowsOfEach(payers)}) as found
    order by started_at desc, id desc limit ${count})`;
}

/** The newest `count` rows of each source. SQLite has no lateral joins, but looks up the row ids that a subquery finds for each source. */
function eachOf(engine: Engine, { ids, isOf }: Source, conditions: RawBuilder<unknown>, count: number): RawBuilder<unknown> {
  const newest = (columns: RawBuilder<unknown>) =>
    sql`select ${columns} from attempts where ${isOf} and ${conditions} order by started_at desc, id desc limit ${count}`;
  if (engine === "postgres") {
    return sql`select of_source.started_at, of_source.id from ${ids} as sources
      cross join lateral (${newest(sql`started_at, id`)}) as of_source`;
  }
  return sql`select attempts.started_at, attempts.id from ${ids} as sources
    cross join attempts on attempts.rowid in (${newest(sql`rowid`)})`;
}
