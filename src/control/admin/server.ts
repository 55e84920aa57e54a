// The admin API as one request handler: routes, policies, errors, OpenAPI. It listens nowhere; the HTTP server hands it requests.
import type { IncomingMessage, ServerResponse } from "node:http";
import fastify, { type FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { serializerCompiler } from "fastify-type-provider-zod";
import { newId } from "../../core/ids.ts";
import { allowanceRoutes } from "./allowances/routes.ts";
import { auditRoutes } from "./audit/routes.ts";
import { authorize } from "./authorize/authorize.ts";
import { allowedMethods, type KnownRoute, requirePolicies } from "./authorize/declared-routes.ts";
import { type AdminApp, type AdminContext, type AdminDeps, adminContext } from "./context.ts";
import { endpointRoutes } from "./endpoints/routes.ts";
import { answerError, answerUnknownRoute } from "./error-handler.ts";
import { announceChanges } from "./events/announce-changes.ts";
import { eventRoutes } from "./events/routes.ts";
import { explainRoutes } from "./explain/routes.ts";
import { exportRoutes } from "./exports/routes.ts";
import { groupRoutes } from "./groups/routes.ts";
import { keyRoutes } from "./keys/routes.ts";
import { manifestRoutes } from "./manifests/routes.ts";
import { modelRoutes } from "./models/routes.ts";
import { openApi } from "./open-api.ts";
import { overviewRoutes } from "./overview/routes.ts";
import { parseJsonBody } from "./parse-json-body.ts";
import { playgroundRoutes } from "./playground/routes.ts";
import { priceRoutes } from "./prices/routes.ts";
import { requestRoutes } from "./requests/routes.ts";
import { sessionRoutes } from "./sessions/routes.ts";
import { systemRoutes } from "./system/routes.ts";
import { usageRoutes } from "./usage/routes.ts";
import { userRoutes } from "./users/routes.ts";
import { validateWithZod } from "./validate-with-zod.ts";

const adminPrefix = "/admin/api/v1";

/** The name of a model in a path, each byte of which may be encoded: 256 characters of up to 3 bytes. */
const paramLengthMax = 3 * 3 * 256;

const bodyLimitBytes = 4 * 1024 * 1024; // a pinned list of thousands of models with aliases fits

export interface AdminApi {
  /** Answers one request under `/admin/api/v1`. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}

const resources = [
  endpointRoutes,
  modelRoutes,
  priceRoutes,
  manifestRoutes,
  explainRoutes,
  keyRoutes,
  userRoutes,
  sessionRoutes,
  groupRoutes,
  allowanceRoutes,
  overviewRoutes,
  usageRoutes,
  requestRoutes,
  auditRoutes,
  exportRoutes,
  systemRoutes,
  eventRoutes,
  playgroundRoutes,
];

/** Builds the admin API. Throws when a route declares no policy. `moreRoutes` are added beside the built-in ones, under the same rules. */
export async function createAdminApi(
  deps: AdminDeps,
  moreRoutes: readonly ((app: AdminApp, context: AdminContext) => void)[] = [],
): Promise<AdminApi> {
  const context = adminContext(deps);
  const known: KnownRoute[] = [];
  const app = fastify({
    logger: false,
    bodyLimit: bodyLimitBytes,
    exposeHeadRoutes: false,
    genReqId: () => newId("req"),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: paramLengthMax },
    frameworkErrors: (_error, request, reply) => {
      setCommonHeaders(request, reply);
      answerUnknownRoute(request as FastifyRequest, reply as never, []);
    },
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(validateWithZod);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest("actor", null);
  app.decorateRequest("reach", "own");
  parseJsonBody(app);
  app.addHook("onRoute", (route) => void known.push(route));
  app.addHook("onRequest", async (request, reply) => setCommonHeaders(request, reply));
  app.addHook("onRequest", authorize(context));
  app.addHook("onResponse", announceChanges(context.events, adminPrefix));
  app.setErrorHandler(answerError(deps.log));
  app.setNotFoundHandler((request, reply) => answerUnknownRoute(request, reply, allowedMethods(known, request.url)));

  await openApi(app, adminPrefix, deps.publicUrl);
  await app.register(
    async (scope) => {
      for (const routes of [...moreRoutes, ...resources]) routes(scope as AdminApp, context);
    },
    { prefix: adminPrefix },
  );
  await app.ready();
  requirePolicies(known);
  return {
    handle: (request, response) => app.routing(request, response),
    close: () => app.close(),
  };
}

/** Answers hold what administrators see: nothing keeps them, and browsers take them for what they are. */
function setCommonHeaders(request: Pick<FastifyRequest, "id">, reply: { header(name: string, value: string): unknown }): void {
  reply.header("x-request-id", request.id);
  reply.header("cache-control", "no-store");
  reply.header("x-content-type-options", "nosniff");
  reply.header("x-frame-options", "DENY");
  reply.header("referrer-policy", "no-referrer");
}
