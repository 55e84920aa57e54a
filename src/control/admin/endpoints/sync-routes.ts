// What concerns an endpoint's models: trying the connection, synchronisations and their history, models added by hand.
import { validateEndpointBody, validationView } from "../../../api/endpoints.ts";
import { errorResponses } from "../../../api/error-body.ts";
import { listOf, listQuery } from "../../../api/list.ts";
import { addModelBody, modelView } from "../../../api/models.ts";
import { synchronizeQuery, syncRunView } from "../../../api/sync-runs.ts";
import { found, idParams } from "../answers.ts";
import { askerOf } from "../authorize/asker.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { readModel } from "../models/read-model.ts";
import { addStaticModel } from "./add-static-model.ts";
import { refuseManifestEndpoint } from "./manifest-endpoints.ts";
import { presentSyncRun } from "./present-sync-run.ts";
import { recordEndpoint } from "./record-endpoint.ts";
import { retryOnNewModel } from "./retry-on-new-model.ts";
import { tryConnection } from "./try-connection.ts";

const reading = { policy: "endpoints.read" } as const;
const writing = { policy: "endpoints.write" } as const;
const tags = ["endpoints"];

export function syncRoutes(app: AdminApp, context: AdminContext): void {
  app.post(
    "/endpoints/validate",
    {
      config: writing,
      schema: {
        tags,
        summary: "Try a connection and list its models, without changing anything",
        body: validateEndpointBody,
        response: { 200: validationView, ...errorResponses },
      },
    },
    async (request) => tryConnection(request.body, context),
  );

  app.post(
    "/endpoints/:id/synchronize",
    {
      config: writing,
      schema: {
        tags,
        summary: "Bring an endpoint's models in line with its provider's list",
        params: idParams,
        querystring: synchronizeQuery,
        response: { 200: syncRunView, ...errorResponses },
      },
    },
    async (request) => {
      const { id } = request.params;
      const database = context.database();
      await refuseManifestEndpoint(database, found(await database.endpoints.get(id), "endpoint"));
      const dryRun = request.query.dry_run === "true";
      const confirm = request.query.confirm === "true";
      return context.synchronizer.synchronize(id, {
        trigger: "manual",
        dryRun,
        confirm,
        async onWritten(repositories, endpoint, run) {
          const { id: sync_run, status, stage, error, counts } = run;
          const models = run.models.filter(({ outcome }) => outcome !== "unchanged");
          const after = { confirm, sync_run, status, stage, error, counts, models };
          const what = { action: "endpoint.synchronize", before: null, after, nowMs: context.clock.nowMs() };
          await recordEndpoint(repositories, endpoint, { ...askerOf(request), ...what });
        },
      });
    },
  );

  app.get(
    "/endpoints/:id/sync-runs",
    {
      config: reading,
      schema: {
        tags,
        summary: "List an endpoint's synchronisations, newest first",
        params: idParams,
        querystring: listQuery,
        response: { 200: listOf(syncRunView), ...errorResponses },
      },
    },
    async (request) => {
      const database = context.database();
      const { id } = found(await database.endpoints.get(request.params.id), "endpoint");
      const page = await database.syncRuns.pageOfEndpoint(id, request.query);
      return { data: page.rows.map(presentSyncRun), next_cursor: page.nextCursor };
    },
  );

  app.post(
    "/endpoints/:id/models",
    {
      config: writing,
      schema: {
        tags,
        summary: "Add a model that the provider does not list, or bring back one that was removed",
        params: idParams,
        body: addModelBody,
        response: { 201: modelView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const add = () =>
        context.database().transaction(async (repositories) => {
          const endpoint = found(await repositories.endpoints.get(request.params.id), "endpoint");
          await refuseManifestEndpoint(repositories, endpoint);
          const nowMs = context.clock.nowMs();
          const model = await addStaticModel(repositories, endpoint, request.body, nowMs);
          await repositories.meta.bumpConfigVersion({ part: "routing" });
          const after = { upstream_model: request.body.model, model: model.name, model_id: model.id };
          const what = { action: "endpoint.add_model", before: null, after, nowMs };
          await recordEndpoint(repositories, endpoint, { ...askerOf(request), ...what });
          return readModel(repositories, model, context.healthOf);
        });
      const model = await retryOnNewModel(add);
      await context.publish((publisher) => publisher.routingChanged());
      return reply.code(201).send(model);
    },
  );
}
