// The OpenAPI document of the routes, and pages to browse it. Nothing is loaded from another host.
import swagger, { type SwaggerTransformObject } from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifySchema } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { AdminApp } from "./context.ts";
import { completed, type Document } from "./open-api/document.ts";
import { operations } from "./open-api/operations.ts";

type OpenApiObject = ReturnType<SwaggerTransformObject>;

/** Everything from this origin; Swagger UI sets styles inline and shows icons as data URLs. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const introduction = [
  "Endpoints, models, keys, people and usage of one Headgate installation. `docs/admin-api.md` goes through the usual tasks.",
  "**Who asks**: a key of the scope `admin` or the token of `HEADGATE_ADMIN_TOKEN` as a bearer token, or the cookie of somebody who has signed in; a change under a cookie needs the header `x-csrf-token` too. What each may do is in `GET /whoami`.",
  "**Lists** come in pages: `next_cursor` of one is the `cursor` of the next, and null on the last. `limit` is 1 to 1000, and 100 without it.",
  "**Changes** are JSON Merge Patches (RFC 7396). `if-match` with the `etag` of what was read refuses to write over somebody else's change (412).",
  "**Errors** have one shape, and a `code` that stays: `docs/errors.md` lists them.",
].join("\n\n");

const tags: Readonly<Record<string, string>> = {
  endpoints: "Where models are: connections, their lists of models, synchronisations.",
  models: "What callers use: pools and virtual models, and where a call would go.",
  prices: "What models cost.",
  manifests: "Endpoints declared by a document elsewhere.",
  keys: "Headgate keys.",
  users: "People.",
  groups: "Who may use which models, and who pays.",
  "sign-in": "Sessions and passwords.",
  allowances: "What holders of limits have used and have left.",
  usage: "What was used, summed up.",
  requests: "What was called, one by one.",
  audit: "Who changed what.",
  exports: "Files that are made in the background.",
  system: "This installation, and who asks it.",
  events: "What changes, as it happens.",
  playground: "Calling models as the user who has signed in.",
};

const securitySchemes = {
  bearer: { type: "http", scheme: "bearer", description: "`x-api-key` does as well." },
  session: { type: "apiKey", in: "cookie", name: "headgate_session", description: "Over TLS it is `__Host-headgate_session`." },
  csrf: { type: "apiKey", in: "header", name: "x-csrf-token", description: "`csrf_token` of `GET /whoami`, with every change." },
} as const;

/** Registers `<prefix>/openapi.json` and `<prefix>/docs`. Before the routes, which it watches being registered. */
export async function openApi(app: AdminApp, prefix: string, publicUrl: string | null): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Headgate admin API",
        version: "1",
        description: introduction,
      },
      servers: [{ url: publicUrl ?? "/" }],
      tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
      components: { securitySchemes },
      security: [{ bearer: [] }, { session: [], csrf: [] }],
    },
    transform(input) {
      const { schema, url } = jsonSchemaTransform(input as never) as { schema: FastifySchema; url: string };
      const { policy } = (input.route.config ?? {}) as { policy?: string };
      const permission = permissionOf(policy);
      return { schema: permission === undefined || schema.hide === true ? schema : { ...schema, description: permission }, url };
    },
    transformObject: (input) =>
      completed(jsonSchemaTransformObject(input) as unknown as Document, operations, prefix) as unknown as OpenApiObject,
  });
  app.get(`${prefix}/openapi.json`, { config: { policy: "public" }, schema: { hide: true } }, async (_request, reply) =>
    reply.type("application/json; charset=utf-8").send(JSON.stringify(app.swagger())),
  );
  await app.register(async (scope) => {
    scope.addHook("onRoute", (route) => {
      route.config = { ...route.config, policy: "public" };
    });
    await scope.register(swaggerUi, {
      routePrefix: `${prefix}/docs`,
      staticCSP: contentSecurityPolicy,
      theme: { title: "Headgate admin API" },
      uiConfig: { layout: "BaseLayout", persistAuthorization: false, validatorUrl: null } as never,
    });
  });
}

/** Who may call it, from the policy that the route declares. */
function permissionOf(policy: string | undefined): string | undefined {
  if (policy === undefined || policy === "public") return undefined;
  return policy === "self" ? "For everybody who is signed in or has a token." : `Permission: \`${policy}\`.`;
}
