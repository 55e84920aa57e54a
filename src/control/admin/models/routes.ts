// Models: what callers use, with the deployments behind each name.
import { errorResponses } from "../../../api/error-body.ts";
import { listOf } from "../../../api/list.ts";
import { createModelBody, modelsQuery, modelView, patchModelBody, readModelView } from "../../../api/models.ts";
import { HeadgateError } from "../../../core/errors.ts";
import { found, idParams, noContent } from "../answers.ts";
import { askerOf } from "../authorize/asker.ts";
import { ownedByAsker, ownUserId } from "../authorize/reach.ts";
import { requireEndpointsShown } from "../authorize/shown-endpoints.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { retryOnNewModel } from "../endpoints/retry-on-new-model.ts";
import { pageOfCatalogue, readFromCatalogue } from "./catalogue.ts";
import { modelEtag, modelToChange, removeModel } from "./change-model.ts";
import { createVirtualModel } from "./create-model.ts";
import { patchModel } from "./patch-model.ts";
import { presentModels, readModel } from "./read-model.ts";
import { auditedModel, recordModel } from "./record-model.ts";

const reading = { policy: "models.read" } as const;
const writing = { policy: "models.write" } as const;
const tags = ["models"];

export function modelRoutes(app: AdminApp, context: AdminContext): void {
  app.post(
    "/models",
    {
      config: writing,
      schema: {
        tags,
        summary: "Make a virtual model: a name over deployments of any endpoints, with weights and priorities",
        body: createModelBody,
        response: { 201: modelView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const create = () =>
        context.database().transaction(async (repositories) => {
          const nowMs = context.clock.nowMs();
          const row = await createVirtualModel(repositories, request.body, nowMs);
          const what = { action: "model.create", before: null, after: await auditedModel(repositories, row), nowMs };
          await recordModel(repositories, row, { ...askerOf(request), ...what });
          return readModel(repositories, row, context.healthOf);
        });
      const model = await retryOnNewModel(create);
      await context.publish((publisher) => publisher.routingChanged());
      return reply.code(201).header("etag", modelEtag(model)).send(model);
    },
  );

  app.get(
    "/models",
    {
      config: reading,
      schema: {
        tags,
        summary: "List models by name: all with their deployments, or those that the user may use, where the role shows no more",
        querystring: modelsQuery,
        response: { 200: listOf(readModelView), ...errorResponses },
      },
    },
    async (request) => {
      const { cursor, limit, usable, ...filter } = request.query;
      if (filter.endpoint !== undefined) requireEndpointsShown(request, "endpoint");
      if (filter.endpoint !== undefined && usable !== undefined) {
        const message = "endpoint: must not be given beside `usable`: a catalogue shows nothing of endpoints";
        throw new HeadgateError("invalid_field", { field: "endpoint", message });
      }
      const userId = usable === undefined ? ownedByAsker(request)?.userId : ownUserId(request);
      if (userId !== undefined) return pageOfCatalogue(context, userId, { cursor, limit }, filter);
      const database = context.database();
      const page = await database.models.page({ cursor, limit }, filter);
      return { data: await presentModels(database, page.rows, context.healthOf), next_cursor: page.nextCursor };
    },
  );

  app.get(
    "/models/:id",
    {
      config: reading,
      schema: { tags, summary: "One model", params: idParams, response: { 200: readModelView, ...errorResponses } },
    },
    async (request, reply) => {
      const owner = ownedByAsker(request);
      if (owner !== undefined) return reply.send(await readFromCatalogue(context, owner.userId, request.params.id));
      const database = context.database();
      const row = found(await database.models.get(request.params.id), "model");
      const model = await readModel(database, row, context.healthOf);
      return reply.header("etag", modelEtag(model)).send(model);
    },
  );

  app.patch(
    "/models/:id",
    {
      config: writing,
      schema: {
        tags,
        summary:
          "Change a model (JSON Merge Patch): how its targets share calls, its attempts and timeouts; disable it, or bring it back",
        params: idParams,
        body: patchModelBody,
        response: { 200: modelView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const database = context.database();
      const { changed, asWritten } = await database.transaction(async (repositories) => {
        const row = await modelToChange(repositories, request.params.id, request.headers["if-match"]);
        const nowMs = context.clock.nowMs();
        const before = await auditedModel(repositories, row);
        const patched = await patchModel(repositories, row, request.body, nowMs);
        const what = { action: "model.update", before, after: await auditedModel(repositories, patched), nowMs };
        await recordModel(repositories, patched, { ...askerOf(request), ...what });
        return { changed: patched, asWritten: await readModel(repositories, patched, context.healthOf) };
      });
      // What an administrator no longer disables is as its manifest says.
      const isEnabled = request.body.status === "active" && context.manifests !== undefined;
      if (isEnabled) await context.manifests?.reapply();
      await context.publish((publisher) => publisher.routingChanged());
      const model = isEnabled ? await readModel(database, changed, context.healthOf) : asWritten;
      return reply.header("etag", modelEtag(model)).send(model);
    },
  );

  app.delete(
    "/models/:id",
    {
      config: writing,
      schema: {
        tags,
        summary: "Remove a model; a synchronisation does not bring it back, and a virtual model's deployments stay",
        params: idParams,
        response: { 204: noContent, ...errorResponses },
      },
    },
    async (request, reply) => {
      await context.database().transaction(async (repositories) => {
        const row = await modelToChange(repositories, request.params.id, request.headers["if-match"]);
        const nowMs = context.clock.nowMs();
        const before = await auditedModel(repositories, row);
        await removeModel(repositories, row, nowMs);
        await repositories.meta.bumpConfigVersion({ part: "routing" });
        const what = { action: "model.delete", before, after: null, nowMs };
        await recordModel(repositories, row, { ...askerOf(request), ...what });
      });
      // A virtual model's name is free for a manifest's model now.
      await context.manifests?.reapply();
      await context.publish((publisher) => publisher.routingChanged());
      return reply.code(204).send();
    },
  );
}
