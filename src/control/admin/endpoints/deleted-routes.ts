// Endpoints that were deleted a short while ago: listed, and brought back.
import { deletedEndpointView, endpointView } from "../../../api/endpoints.ts";
import { errorResponses } from "../../../api/error-body.ts";
import { listOf } from "../../../api/list.ts";
import { formatTime } from "../../../api/time.ts";
import { found, idParams } from "../answers.ts";
import { askerOf } from "../authorize/asker.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { etagOf } from "../etag.ts";
import { readEndpoint } from "./read-endpoint.ts";
import { restoreEndpoint } from "./restore-endpoint.ts";

const tags = ["endpoints"];

export function deletedEndpointRoutes(app: AdminApp, context: AdminContext): void {
  app.get(
    "/deleted-endpoints",
    {
      config: { policy: "endpoints.read" },
      schema: {
        tags,
        summary: "List the deleted endpoints that can be restored, newest first",
        response: { 200: listOf(deletedEndpointView), ...errorResponses },
      },
    },
    async () => {
      const rows = await context.database().deletedEndpoints.current(context.clock.nowMs());
      const data = rows.map(({ endpoint_id: id, name, deployments, deleted_at, expires_at }) => {
        return { id, name, deployments, deleted_at: formatTime(deleted_at), expires_at: formatTime(expires_at) };
      });
      return { data, next_cursor: null };
    },
  );

  app.post(
    "/deleted-endpoints/:id/restore",
    {
      config: { policy: "endpoints.write" },
      schema: {
        tags,
        summary: "Undo the deletion of an endpoint",
        params: idParams,
        response: { 201: endpointView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await restoreEndpoint(context, askerOf(request), id);
      await context.publishEndpoints();
      const row = found(await context.database().endpoints.get(id), "endpoint");
      reply.code(201).header("etag", etagOf(row.version));
      return reply.send(await readEndpoint(context.database(), row, context.synchronizer));
    },
  );
}
