// A usage report: what was asked for, as the storage takes it, and its rows with the names of what they are about.
import type { FastifyRequest } from "fastify";
import type { UsageQueryBody, UsageRowBody } from "../../../api/usage.ts";
import { HeadgateError } from "../../../core/errors.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import type { UsageQuery, UsageRow } from "../../../storage/ports/usage.ts";
import { knownGroupIds, ownedByAsker } from "../authorize/reach.ts";
import { requireEndpointsShown } from "../authorize/shown-endpoints.ts";
import { presentUsage } from "./present.ts";

const hourMs = 3_600_000;
/** Parameters of one statement: SQLite takes no more than 32,766. */
const namesPerStatement = 10_000;

/** Throws HeadgateError invalid_field, and not_allowed where the asker would see endpoints that they may not. */
export function usageReportOf(request: FastifyRequest, asked: UsageQueryBody, nowMs: number): UsageQuery {
  const { group_by: groupBy = [], bucket = null, model, endpoint, key, user, group } = asked;
  if (groupBy.includes("endpoint")) requireEndpointsShown(request, "group_by");
  if (endpoint !== undefined) requireEndpointsShown(request, "endpoint");
  const filter = { model, endpoint, key, user, group };
  return { ...rangeOf(asked, nowMs), groupBy, bucket, ownedBy: ownedByAsker(request), filter };
}

/** The rows as the API shows them. Groups that the asker may not know of have no name. */
export async function namedRows(
  database: Repositories,
  request: FastifyRequest,
  query: Pick<UsageQuery, "groupBy">,
  rows: readonly UsageRow[],
): Promise<UsageRowBody[]> {
  return rows.map(await rowPresenter(database, request, query, rows));
}

/** Presents each of `rows` as `namedRows` would. */
export async function rowPresenter(
  database: Repositories,
  request: FastifyRequest,
  query: Pick<UsageQuery, "groupBy">,
  rows: readonly UsageRow[],
): Promise<(row: UsageRow) => UsageRowBody> {
  return presenterWithNames(database, await knownGroupIds(database, request), query, rows);
}

/** The same for somebody who may know of the groups `known`; undefined: of all. */
export async function withNames(
  database: Repositories,
  known: readonly string[] | undefined,
  query: Pick<UsageQuery, "groupBy">,
  rows: readonly UsageRow[],
): Promise<UsageRowBody[]> {
  return rows.map(await presenterWithNames(database, known, query, rows));
}

async function presenterWithNames(
  database: Repositories,
  known: readonly string[] | undefined,
  { groupBy }: Pick<UsageQuery, "groupBy">,
  rows: readonly UsageRow[],
): Promise<(row: UsageRow) => UsageRowBody> {
  const groupIds = idsOf(rows, "groupId").filter((id) => known === undefined || known.includes(id));
  const names = {
    keys: await inParts(idsOf(rows, "keyId"), (ids) => database.keys.names(ids)),
    users: await inParts(idsOf(rows, "userId"), (ids) => database.users.names(ids)),
    groups: await inParts(groupIds, (ids) => database.groups.names(ids)),
  };
  return (row) => presentUsage(row, groupBy, names);
}

/** Each once; "" stands for none. */
function idsOf(rows: readonly UsageRow[], column: "keyId" | "userId" | "groupId"): string[] {
  return [...new Set(rows.flatMap((row) => row[column] || []))];
}

async function inParts(
  ids: readonly string[],
  names: (ids: readonly string[]) => Promise<Map<string, string>>,
): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for (let at = 0; at < ids.length; at += namesPerStatement) {
    for (const [id, name] of await names(ids.slice(at, at + namesPerStatement))) all.set(id, name);
  }
  return all;
}

/** Whole hours around what was asked for, since roll-ups know no smaller time; the last 24 hours where nothing was. */
export function rangeOf({ from, to }: Pick<UsageQueryBody, "from" | "to">, nowMs: number): { fromMs: number; toMs: number } {
  const endMs = to ?? nowMs;
  const startMs = from ?? endMs - 24 * hourMs;
  if (startMs > endMs) throw new HeadgateError("invalid_field", { field: "from", message: "from: must not be after `to`" });
  return { fromMs: Math.floor(startMs / hourMs) * hourMs, toMs: Math.ceil(endMs / hourMs) * hourMs };
}
