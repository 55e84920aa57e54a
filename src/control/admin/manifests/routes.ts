// Manifests: listed with the state of each entry, made, fetched on demand, removed.
import { errorResponses } from "../../../api/error-body.ts";
import { listOf } from "../../../api/list.ts";
import { createManifestBody, manifestsQuery, manifestView } from "../../../api/manifests.ts";
import { HeadgateError } from "../../../core/errors.ts";
import type { ManifestRow } from "../../../storage/ports/manifests.ts";
import { recordManifest } from "../../manifest/record-manifest.ts";
import { removeManifest } from "../../manifest/remove-manifest.ts";
import { found, idParams, noContent } from "../answers.ts";
import { askerOf } from "../authorize/asker.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { checkIfMatch, etagOf } from "../etag.ts";
import { createManifest } from "./create-manifest.ts";
import { presentManifest } from "./present.ts";

const reading = { policy: "manifests.read" } as const;
const writing = { policy: "manifests.write" } as const;
const tags = ["manifests"];

export function manifestRoutes(app: AdminApp, context: AdminContext): void {
  const present = (row: ManifestRow) => presentManifest(row, context.manifests?.state(row.id) ?? null, context.clock.nowMs());
  const read = async (id: string) => found(await context.database().manifests.get(id), "manifest");

  app.get(
    "/manifests",
    {
      config: reading,
      schema: {
        tags,
        summary: "List manifests by name, each with the state of its entries",
        querystring: manifestsQuery,
        response: { 200: listOf(manifestView), ...errorResponses },
      },
    },
    async (request) => {
      const { search, ...pageRequest } = request.query;
      const page = await context.database().manifests.page(pageRequest, { search });
      return { data: page.rows.map(present), next_cursor: page.nextCursor };
    },
  );

  app.post(
    "/manifests",
    {
      config: writing,
      schema: {
        tags,
        summary: "Follow a manifest; it is fetched at once, and stays if that fails",
        body: createManifestBody,
        response: { 201: manifestView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = await createManifest(context, askerOf(request), request.body);
      await context.publishEndpoints();
      await refresh(context, id);
      const row = await read(id);
      return reply.code(201).header("etag", etagOf(row.version)).send(present(row));
    },
  );

  app.get(
    "/manifests/:id",
    {
      config: reading,
      schema: { tags, summary: "One manifest", params: idParams, response: { 200: manifestView, ...errorResponses } },
    },
    async (request, reply) => {
      const row = await read(request.params.id);
      return reply.header("etag", etagOf(row.version)).send(present(row));
    },
  );

  app.delete(
    "/manifests/:id",
    {
      config: writing,
      schema: {
        tags,
        summary: "Remove a manifest with its endpoints, and the models that nobody else has",
        params: idParams,
        response: { 204: noContent, ...errorResponses },
      },
    },
    async (request, reply) => {
      await context.database().transaction(async (repositories) => {
        const row = found(await repositories.manifests.get(request.params.id), "manifest");
        checkIfMatch(request.headers["if-match"], etagOf(row.version));
        refuseConfigured(row);
        await removeManifest(repositories, row.id);
        const what = { before: row, after: null, nowMs: context.clock.nowMs() };
        await recordManifest(repositories, { ...askerOf(request), ...what });
        await repositories.meta.bumpConfigVersion({ part: "routing" });
      });
      await context.publishEndpoints();
      await afterwards(context, () => context.manifests?.reload());
      return reply.code(204).send();
    },
  );

  app.post(
    "/manifests/:id/refresh",
    {
      config: writing,
      schema: {
        tags,
        summary: "Fetch a manifest now; the answer says how that went",
        params: idParams,
        response: { 200: manifestView, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = await read(request.params.id);
      await refresh(context, id);
      const row = await read(id);
      return reply.header("etag", etagOf(row.version)).send(present(row));
    },
  );
}

function refuseConfigured({ name, origin }: ManifestRow): void {
  if (origin === "admin") return;
  const where = origin === "environment" ? "by METIS_STATUS_URL in the environment" : "in the config file, under `manifests`";
  const message = `Manifest '${name}' is set up ${where}: take it out there and restart Headgate.`;
  throw new HeadgateError("not_allowed", { message });
}

function refresh(context: AdminContext, id: string): Promise<void> {
  return afterwards(context, () => context.manifests?.refresh(id));
}

/** The rows are committed: what fails then is the log's, and is made up for by itself. */
async function afterwards({ log }: AdminContext, work: () => Promise<unknown> | undefined): Promise<void> {
  try {
    await work();
  } catch (err) {
    log.error({ err }, "a change of manifests is in the database, but could not be followed yet");
  }
}
