// Models: what callers use, with the deployments behind each name.
import { errorResponses } from "../../../api/error-body.ts";
import { listOf, listQuery } from "../../../api/list.ts";
import { modelView, patchModelBody } from "../../../api/models.ts";
import { found, idParams, noContent } from "../answers.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { modelEtag, modelToChange, removeModel, setModelStatus } from "./change-model.ts";
import { presentModels, readModel } from "./read-model.ts";

const config = { policy: "admin" } as const;
const tags = ["models"];

export function modelRoutes(app: AdminApp, context: AdminContext): void {
  app.get(
    "/models",
    {
      config,
      schema: {
        tags,
        summary: "List models by name, each with its deployments",
        querystring: listQuery,
        response: { 200: listOf(modelView), ...errorResponses },
      },
    },
    async (request) => {
      const database = context.database();
      const page = await database.models.page(request.query);
      return { data: await presentModels(database, page.rows), next_cursor: page.nextCursor };
    },
  );

  app.get(
    "/models/:id",
    { config, schema: { tags, summary: "One model", params: idParams, response: { 200: modelView, ...errorResponses } } },
    async (request, reply) => {
      const database = context.database();
      const model = await readModel(database, found(await database.models.get(request.params.id), "model"));
      return reply.header("etag", modelEtag(model)).send(model);
    },
  );

  app.patch(
    "/models/:id",
    {
      config,
      schema: {
        tags,
        summary: "Disable a model, or bring it back",
        params: idParams,
        body: patchModelBody,
        response: { 200: modelView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { status } = request.body;
      const model = await context.database().transaction(async (repositories) => {
        const row = await modelToChange(repositories, request.params.id, request.headers["if-match"]);
        if (status !== undefined) {
          await setModelStatus(repositories, row, status, context.clock.nowMs());
          await repositories.meta.bumpConfigVersion();
        }
        return readModel(repositories, row);
      });
      await context.publish((publisher) => publisher.routingChanged());
      return reply.header("etag", modelEtag(model)).send(model);
    },
  );

  app.delete(
    "/models/:id",
    {
      config,
      schema: {
        tags,
        summary: "Remove a model; a synchronisation does not bring it back",
        params: idParams,
        response: { 204: noContent, ...errorResponses },
      },
    },
    async (request, reply) => {
      await context.database().transaction(async (repositories) => {
        const row = await modelToChange(repositories, request.params.id, request.headers["if-match"]);
        await removeModel(repositories, row, context.clock.nowMs());
        await repositories.meta.bumpConfigVersion();
      });
      await context.publish((publisher) => publisher.routingChanged());
      return reply.code(204).send();
    },
  );
}
