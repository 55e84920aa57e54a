// The audit log: read page by page, or taken along as a file.
import { z } from "zod";
import { auditEntryView, auditExportQuery, auditQuery } from "../../../api/audit.ts";
import { errorResponses } from "../../../api/error-body.ts";
import { listOf } from "../../../api/list.ts";
import { formatTime } from "../../../api/time.ts";
import type { AuditFilter } from "../../../storage/ports/audit.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { exportAudit } from "./export.ts";
import { presentAuditEntry } from "./present.ts";

const reading = { policy: "audit.read" } as const;
const tags = ["audit"];

type Filters = Pick<z.output<typeof auditQuery>, "actor_id" | "action" | "resource_id" | "from" | "to">;

export function auditRoutes(app: AdminApp, context: AdminContext): void {
  app.get(
    "/audit",
    {
      config: reading,
      schema: {
        tags,
        summary: "List changes, newest first: who, what, from what to what",
        querystring: auditQuery,
        response: { 200: listOf(auditEntryView), ...errorResponses },
      },
    },
    async (request) => {
      const { limit, cursor, ...filters } = request.query;
      const page = await context.database().audit.page(filterOf(filters), { limit, cursor });
      return { data: page.rows.map(presentAuditEntry), next_cursor: page.nextCursor };
    },
  );

  app.get(
    "/audit/export",
    {
      config: reading,
      schema: {
        tags,
        summary: "All changes as a file: CSV, or a JSON array",
        querystring: auditExportQuery,
        response: { 200: z.any().describe("The file"), ...errorResponses },
      },
    },
    async (request, reply) => {
      const { format, ...filters } = request.query;
      const { contentType, content } = await exportAudit(context.database().audit, filterOf(filters), format);
      const day = formatTime(context.clock.nowMs()).slice(0, 10);
      reply.header("content-disposition", `attachment; filename="headgate-audit-${day}.${format}"`);
      return reply.type(contentType).send(content);
    },
  );
}

function filterOf({ actor_id, action, resource_id, from, to }: Filters): AuditFilter {
  return { actorId: actor_id, action, resourceId: resource_id, fromMs: from, toMs: to };
}
