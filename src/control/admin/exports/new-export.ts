// What is asked for as a file, as it is kept: with whom it is for, how far they reach, and its times settled.
import type { FastifyRequest } from "fastify";
import type { CreateExport } from "../../../api/exports.ts";
import { formatTime } from "../../../api/time.ts";
import { newId } from "../../../core/ids.ts";
import type { ExportRow } from "../../../storage/ports/exports.ts";
import type { Storage } from "../../../storage/ports/storage.ts";
import type { Actor } from "../authorize/actor.ts";
import { requireEndpointsShown } from "../authorize/shown-endpoints.ts";
import { rangeOf } from "../usage/report.ts";
import { scopeOf } from "./export-access.ts";

/** Throws HeadgateError not_allowed, invalid_field. */
export async function newExport(
  database: Storage,
  request: Pick<FastifyRequest, "actor">,
  asked: CreateExport,
  nowMs: number,
): Promise<ExportRow> {
  const actor = request.actor as Actor;
  const scope = await scopeOf(database, actor, asked.kind);
  if ("endpoint" in asked.query && asked.query.endpoint !== undefined) requireEndpointsShown(request, "query.endpoint");
  if (asked.kind === "usage" && asked.query.group_by?.includes("endpoint")) requireEndpointsShown(request, "query.group_by");
  return {
    id: newId("exp"),
    kind: asked.kind,
    format: asked.format,
    query: JSON.stringify(settled(asked, nowMs)),
    scope: JSON.stringify(scope),
    user_id: actor.userId,
    actor_kind: actor.kind,
    actor_id: actor.id,
    actor_name: actor.name,
    status: "waiting",
    rows: 0,
    progress: null,
    bytes: 0,
    error: null,
    created_at: nowMs,
    finished_at: null,
    expires_at: null,
  };
}

/** The query as the list takes it: what comes while the file is made, or while it waits for its turn, is not in it. */
function settled(asked: CreateExport, nowMs: number): Record<string, string> {
  const { from, to } = asked.query;
  const times =
    asked.kind === "usage"
      ? rangeOf({ from, to }, nowMs)
      : { toMs: to ?? nowMs, ...(from === undefined ? {} : { fromMs: from }) };
  const others = Object.entries(asked.query).filter(([name, value]) => name !== "from" && name !== "to" && value !== undefined);
  return {
    ...Object.fromEntries(others.map(([name, value]) => [name, String(value)])),
    ...(times.fromMs === undefined ? {} : { from: formatTime(times.fromMs) }),
    to: formatTime(times.toMs),
  };
}
