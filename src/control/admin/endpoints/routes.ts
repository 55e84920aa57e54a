// Endpoints: registered, listed, changed, deleted.
import { createEndpointBody, endpointsQuery, endpointView, patchEndpointBody } from "../../../api/endpoints.ts";
import { errorResponses } from "../../../api/error-body.ts";
import { listOf } from "../../../api/list.ts";
import { found, idParams, noContent } from "../answers.ts";
import { askerOf } from "../authorize/asker.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { checkIfMatch, etagOf } from "../etag.ts";
import { createEndpoint } from "./create-endpoint.ts";
import { keepDeleted } from "./deleted-content.ts";
import { deletedEndpointRoutes } from "./deleted-routes.ts";
import { refuseManifestEndpoint } from "./manifest-endpoints.ts";
import { patchEndpoint } from "./patch-endpoint.ts";
import { presentEndpoints, readEndpoint } from "./read-endpoint.ts";
import { auditedEndpoint, recordEndpoint } from "./record-endpoint.ts";
import { syncRoutes } from "./sync-routes.ts";

const reading = { policy: "endpoints.read" } as const;
const writing = { policy: "endpoints.write" } as const;
const tags = ["endpoints"];

export function endpointRoutes(app: AdminApp, context: AdminContext): void {
  app.post(
    "/endpoints",
    {
      config: writing,
      schema: {
        tags,
        summary: "Register an endpoint with the models that its provider lists",
        body: createEndpointBody,
        response: { 201: endpointView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const row = await createEndpoint(context, askerOf(request), request.body);
      await context.publishEndpoints();
      const stored = found(await context.database().endpoints.get(row.id), "endpoint");
      reply.code(201).header("etag", etagOf(stored.version));
      return reply.send(await readEndpoint(context.database(), stored, context.synchronizer));
    },
  );

  app.get(
    "/endpoints",
    {
      config: reading,
      schema: {
        tags,
        summary: "List endpoints by name",
        querystring: endpointsQuery,
        response: { 200: listOf(endpointView), ...errorResponses },
      },
    },
    async (request) => {
      const database = context.database();
      const { search, ...pageRequest } = request.query;
      const page = await database.endpoints.page(pageRequest, { search });
      return { data: await presentEndpoints(database, page.rows, context.synchronizer), next_cursor: page.nextCursor };
    },
  );

  app.get(
    "/endpoints/:id",
    {
      config: reading,
      schema: { tags, summary: "One endpoint", params: idParams, response: { 200: endpointView, ...errorResponses } },
    },
    async (request, reply) => {
      const row = found(await context.database().endpoints.get(request.params.id), "endpoint");
      return reply.header("etag", etagOf(row.version)).send(await readEndpoint(context.database(), row, context.synchronizer));
    },
  );

  app.patch(
    "/endpoints/:id",
    {
      config: writing,
      schema: {
        tags,
        summary: "Change an endpoint (JSON Merge Patch); synchronises it where the change calls for it",
        params: idParams,
        body: patchEndpointBody,
        response: { 200: endpointView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { needsSync } = await patchEndpoint(context, askerOf(request), id, request.headers["if-match"], request.body);
      await context.publishEndpoints();
      if (needsSync && request.body.sync) await synchronizeAfterUpdate(context, id);
      const row = found(await context.database().endpoints.get(id), "endpoint");
      return reply.header("etag", etagOf(row.version)).send(await readEndpoint(context.database(), row, context.synchronizer));
    },
  );

  app.delete(
    "/endpoints/:id",
    {
      config: writing,
      schema: {
        tags,
        summary: "Delete an endpoint with its deployments, and the models that nobody else has; it can be restored for an hour",
        params: idParams,
        response: { 204: noContent, ...errorResponses },
      },
    },
    async (request, reply) => {
      await context.database().transaction(async (repositories) => {
        const row = found(await repositories.endpoints.get(request.params.id), "endpoint");
        await refuseManifestEndpoint(repositories, row);
        checkIfMatch(request.headers["if-match"], etagOf(row.version));
        const before = await auditedEndpoint(repositories, row);
        const nowMs = context.clock.nowMs();
        await keepDeleted(repositories, row, nowMs);
        await repositories.endpoints.delete(row.id);
        await repositories.models.deleteUnused();
        await repositories.meta.bumpConfigVersion({ part: "routing" });
        const what = { action: "endpoint.delete", before, after: null, nowMs };
        await recordEndpoint(repositories, row, { ...askerOf(request), ...what });
      });
      await context.publishEndpoints();
      return reply.code(204).send();
    },
  );

  deletedEndpointRoutes(app, context);
  syncRoutes(app, context);
}

/** The change is committed: whatever keeps the synchronisation from being carried out is the log's, and the schedule tries again. */
async function synchronizeAfterUpdate({ synchronizer, log }: AdminContext, id: string): Promise<void> {
  try {
    await synchronizer.synchronize(id, { trigger: "update" });
  } catch (error) {
    log.warn({ err: error, endpoint_id: id }, "the synchronisation after a change could not be carried out");
  }
}
