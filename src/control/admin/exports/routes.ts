// Exports: asked for, looked at while they are made, fetched, given up.
import { z } from "zod";
import { errorResponses } from "../../../api/error-body.ts";
import { createExportBody, exportView } from "../../../api/exports.ts";
import { listOf, listQuery } from "../../../api/list.ts";
import { HeadgateError } from "../../../core/errors.ts";
import type { ExportRow } from "../../../storage/ports/exports.ts";
import { recordChange } from "../../audit/record-change.ts";
import { idParams, noContent } from "../answers.ts";
import type { Actor } from "../authorize/actor.ts";
import { askerOf } from "../authorize/asker.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { fileTypes } from "../csv.ts";
import { requireStillReached, seenExport, seesAll } from "./export-access.ts";
import { newExport } from "./new-export.ts";
import { presentExport } from "./present.ts";

/** What one may export is what one may read: the handlers hold each kind to its own policy. */
const own = { policy: "self" } as const;
const tags = ["exports"];

export function exportRoutes(app: AdminApp, context: AdminContext): void {
  const { clock, exports: runs } = context;

  app.post(
    "/exports",
    {
      config: own,
      schema: {
        tags,
        summary: "Have requests, usage or the audit log written to a file, in the background",
        body: createExportBody,
        response: { 202: exportView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const row = await newExport(context.database(), request, request.body, clock.nowMs());
      await runs.begin(row, async (repositories) => {
        const change = { action: "export.create", before: null, after: audited(row), nowMs: clock.nowMs() };
        await recordChange(repositories, { ...askerOf(request), ...change, resource: resourceOf(row) });
      });
      return reply.code(202).send(presentExport(row));
    },
  );

  app.get(
    "/exports",
    {
      config: own,
      schema: {
        tags,
        summary: "List one's exports, newest first; administrators see all",
        querystring: listQuery,
        response: { 200: listOf(exportView), ...errorResponses },
      },
    },
    async (request) => {
      const actor = request.actor as Actor;
      const userId = seesAll(actor) ? undefined : (actor.userId ?? "");
      const page = await context.database().exports.page({ userId, nowMs: clock.nowMs() }, request.query);
      return { data: page.rows.map(presentExport), next_cursor: page.nextCursor };
    },
  );

  app.get(
    "/exports/:id",
    {
      config: own,
      schema: {
        tags,
        summary: "One export, and how far it has come",
        params: idParams,
        response: { 200: exportView, ...errorResponses },
      },
    },
    async (request) => presentExport(await seenExport(context.database(), request, request.params.id, clock.nowMs())),
  );

  app.get(
    "/exports/:id/file",
    {
      config: own,
      schema: {
        tags,
        summary: "The file of an export that is done: CSV, or a JSON array",
        params: idParams,
        response: { 200: z.any().describe("The file"), ...errorResponses },
      },
    },
    async (request, reply) => {
      const row = await seenExport(context.database(), request, request.params.id, clock.nowMs());
      requireStillReached(request.actor as Actor, row);
      const file = row.status === "done" ? await runs.openFile(row) : null;
      if (file === null) throw noFile(row);
      const name = `headgate-${row.kind}-${new Date(row.created_at).toISOString().slice(0, 10)}.${row.format}`;
      reply.header("content-disposition", `attachment; filename="${name}"`);
      reply.header("content-length", file.bytes);
      return reply.type(fileTypes[row.format as keyof typeof fileTypes]).send(file.content);
    },
  );

  app.delete(
    "/exports/:id",
    {
      config: own,
      schema: {
        tags,
        summary: "Cancel an export that is being made; remove one that has finished, with its file",
        params: idParams,
        response: { 204: noContent, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = await seenExport(context.database(), request, request.params.id, clock.nowMs());
      await runs.remove(id, async (repositories, row, what) => {
        const change = { action: `export.${what}`, before: audited(row), after: null, nowMs: clock.nowMs() };
        await recordChange(repositories, { ...askerOf(request), ...change, resource: resourceOf(row) });
      });
      return reply.code(204).send();
    },
  );
}

function resourceOf({ id, kind }: ExportRow) {
  return { kind: "export", id, name: kind };
}

/** What was taken out, not how it went. */
function audited(row: ExportRow): object {
  const { kind, format, query, created_by } = presentExport(row);
  return { kind, format, query, created_by };
}

function noFile({ status }: ExportRow): HeadgateError {
  const why = {
    waiting: "it waits for its turn",
    running: "it is still being made",
    failed: "it has failed",
    cancelled: "it was cancelled",
  }[status];
  const message = why === undefined ? "The file of this export is not here any more." : `This export has no file: ${why}.`;
  return new HeadgateError("not_found", { message });
}
