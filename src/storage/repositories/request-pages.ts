// Pages of requests, newest first, each way of asking answered by the index that finds its rows.
import { type Kysely, type RawBuilder, sql } from "kysely";
import { everyoneGroupId } from "../../domain/everyone.ts";
import type { AttemptRow, RequestFilter } from "../ports/ledger.ts";
import type { OwnedBy } from "../ports/owned-by.ts";
import type { Page, PageRequest } from "../ports/page.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { newestOfGroups } from "./newest-of-groups.ts";
import { belongsTo } from "./owned-by.ts";
import { isAfter, type PageOrder, readPage } from "./read-page.ts";

export const requestOrder: PageOrder = { columns: { started_at: "number", id: "string" }, direction: "desc" };

/** The last attempt of each request (final = 1). */
export function pageOfRequests(
  db: Kysely<Database>,
  engine: Engine,
  filter: RequestFilter,
  request: PageRequest,
): Promise<Page<AttemptRow>> {
  const { ownedBy, requestId } = filter;
  const conditions = conditionsOf(filter);
  const rows = (requestId === undefined ? db.selectFrom("attempts") : attemptsOfRequest(db, requestId))
    .selectAll()
    .where("final", "=", sql.lit(1));
  const narrowed = conditions.reduce((query, condition) => query.where(condition), rows);
  if (ownedBy === undefined) return readPage(narrowed, requestOrder, request);
  if (isManyPeoples(ownedBy, filter)) {
    const after = isAfter(requestOrder, request.cursor);
    const newest = newestOfGroups(engine, ownedBy, after === null ? conditions : [...conditions, after], request.limit + 1);
    return readPage(rows.where(sql<boolean>`(started_at, id) in ${newest}`), requestOrder, { limit: request.limit });
  }
  return readPage(narrowed.where(belongsTo(db, ownedBy)), requestOrder, request);
}

/** The request's index is used whatever else is asked: with a limit in the subquery, no condition from outside leads to another one. */
function attemptsOfRequest(db: Kysely<Database>, requestId: string) {
  const rows = db.selectFrom("attempts").selectAll().where("request_id", "=", requestId).limit(1000);
  return db.selectFrom(rows.as("attempts"));
}

/** What is asked for may lie anywhere among the requests of everybody, and no index leads to it but those of all people. */
function isManyPeoples({ groupIds }: OwnedBy, { keyId, userId, groupId, requestId, model, endpoint, outcome }: RequestFilter) {
  if (groupIds.length === 0 || outcome === "error") return false;
  return [keyId, userId, groupId, requestId, model, endpoint].every((one) => one === undefined);
}

/**
 * Whether the index by group, which does not hold those of `everyone`, is to be used: only a query that says as much can use it. SQLite
 * would also take it where a user's or a key's leads to fewer rows.
 */
function isFoundByGroup({ groupId, userId, keyId, requestId, ownedBy }: RequestFilter): boolean {
  if (groupId === undefined || groupId === everyoneGroupId || ownedBy?.groupIds.length === 0) return false;
  return [userId, keyId, requestId].every((one) => one === undefined);
}

function conditionsOf(filter: RequestFilter): RawBuilder<boolean>[] {
  const { model, endpoint, keyId, userId, groupId, outcome, fromMs, toMs } = filter;
  const conditions: RawBuilder<boolean>[] = [];
  const add = (condition: RawBuilder<boolean>) => void conditions.push(condition);
  if (model !== undefined) add(sql`model = ${model}`);
  if (endpoint !== undefined) add(sql`endpoint = ${endpoint}`);
  if (keyId !== undefined) add(sql`key_id = ${keyId}`);
  if (userId !== undefined) add(sql`user_id = ${userId}`);
  if (groupId !== undefined) add(sql`group_id = ${groupId}`);
  if (isFoundByGroup(filter)) add(sql`group_id <> ${sql.lit(everyoneGroupId)}`);
  if (fromMs !== undefined) add(sql`started_at >= ${fromMs}`);
  if (toMs !== undefined) add(sql`started_at < ${toMs}`);
  if (outcome === "ok") add(sql`(state = 'settled' and status < 400 and error is null)`);
  // Word for word the condition of the index attempt_failed.
  if (outcome === "error") add(sql`(state = 'interrupted' or (state = 'settled' and (status >= 400 or error is not null)))`);
  return conditions;
}
