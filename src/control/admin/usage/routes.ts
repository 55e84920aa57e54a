// Usage reports, from the hourly roll-ups.
import { errorResponses } from "../../../api/error-body.ts";
import { formatTime } from "../../../api/time.ts";
import { usageQuery, usageReport } from "../../../api/usage.ts";
import { HeadgateError } from "../../../core/errors.ts";
import type { UsageRow } from "../../../storage/port.ts";
import { knownGroupIds, ownedByAsker } from "../authorize/reach.ts";
import { requireEndpointsShown } from "../authorize/shown-endpoints.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { presentUsage } from "./present.ts";

const hourMs = 3_600_000;

export function usageRoutes(app: AdminApp, context: AdminContext): void {
  app.get(
    "/usage",
    {
      config: { policy: "usage.read" },
      schema: {
        tags: ["usage"],
        summary: "Requests, tokens and cost, summed by what is asked for",
        querystring: usageQuery,
        response: { 200: usageReport, ...errorResponses },
      },
    },
    async (request) => {
      const { group_by: groupBy = [], bucket = null } = request.query;
      const { fromMs, toMs } = range(request.query.from, request.query.to, context.clock.nowMs());
      if (groupBy.includes("endpoint")) requireEndpointsShown(request, "group_by");
      const database = context.database();
      const ownedBy = ownedByAsker(request);
      const rows = await database.ledger.usage({ fromMs, toMs, groupBy, bucket, ownedBy });
      const known = await knownGroupIds(database, request);
      const groupIds = idsOf(rows, "groupId").filter((id) => known === undefined || known.includes(id));
      const names = {
        keys: await database.keys.names(idsOf(rows, "keyId")),
        users: await database.users.names(idsOf(rows, "userId")),
        groups: await database.groups.names(groupIds),
      };
      return {
        data: rows.map((row) => presentUsage(row, groupBy, names)),
        next_cursor: null,
        from: formatTime(fromMs),
        to: formatTime(toMs),
      };
    },
  );
}

/** Each once; "" stands for none. */
function idsOf(rows: readonly UsageRow[], column: "keyId" | "userId" | "groupId"): string[] {
  return [...new Set(rows.flatMap((row) => row[column] || []))];
}

/** Whole hours around what was asked for, since roll-ups know no smaller time; the last 24 hours where nothing was. */
function range(from: number | undefined, to: number | undefined, nowMs: number): { fromMs: number; toMs: number } {
  const endMs = to ?? nowMs;
  const startMs = from ?? endMs - 24 * hourMs;
  if (startMs > endMs) throw new HeadgateError("invalid_field", { field: "from", message: "from: must not be after `to`" });
  return { fromMs: Math.floor(startMs / hourMs) * hourMs, toMs: Math.ceil(endMs / hourMs) * hourMs };
}
