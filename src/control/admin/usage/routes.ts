// Usage reports, from the roll-ups: as an answer, or as a file.
import { z } from "zod";
import { errorResponses } from "../../../api/error-body.ts";
import { formatTime } from "../../../api/time.ts";
import { usageExportQuery, usageReport, usageReportQuery } from "../../../api/usage.ts";
import { answerInSlices } from "../answer-in-slices.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { exportUsage } from "./export.ts";
import { namedRows, rowPresenter, usageReportOf } from "./report.ts";

const reading = { policy: "usage.read" } as const;
const tags = ["usage"];

export function usageRoutes(app: AdminApp, context: AdminContext): void {
  app.get(
    "/usage",
    {
      config: reading,
      schema: {
        tags,
        summary: "Requests, tokens and cost, summed by what is asked for",
        querystring: usageReportQuery,
        response: { 200: usageReport, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { limit, ...asked } = request.query;
      const query = usageReportOf(request, asked, context.clock.nowMs());
      const database = context.database();
      const rows = await database.ledger.usage({ ...query, limit });
      const present = await rowPresenter(database, request, query, rows);
      const rest = { data: [], next_cursor: null, from: formatTime(query.fromMs), to: formatTime(query.toMs) } as const;
      // It may be thousands of rows.
      const text = await answerInSlices(usageReport, rest, rows, present);
      return reply.type("application/json; charset=utf-8").send(text as never);
    },
  );

  app.get(
    "/usage/export",
    {
      config: reading,
      schema: {
        tags,
        summary: "A usage report as a file: CSV, or a JSON array",
        querystring: usageExportQuery,
        response: { 200: z.any().describe("The file"), ...errorResponses },
      },
    },
    async (request, reply) => {
      const { format, ...asked } = request.query;
      const nowMs = context.clock.nowMs();
      const query = usageReportOf(request, asked, nowMs);
      const database = context.database();
      const present = (rows: Parameters<typeof namedRows>[3]) => namedRows(database, request, query, rows);
      const { contentType, content } = await exportUsage(database.ledger, query, format, present);
      const day = formatTime(nowMs).slice(0, 10);
      reply.header("content-disposition", `attachment; filename="headgate-usage-${day}.${format}"`);
      return reply.type(contentType).send(content);
    },
  );
}
