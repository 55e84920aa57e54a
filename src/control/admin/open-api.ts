// The OpenAPI document of the routes, and pages to browse it. Nothing is loaded from another host.
import swagger, { type SwaggerTransformObject } from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { AdminApp } from "./context.ts";

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

/** Registers `<prefix>/openapi.json` and `<prefix>/docs`. Before the routes, which it watches being registered. */
export async function openApi(app: AdminApp, prefix: string, publicUrl: string | null): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Headgate admin API",
        version: "1",
        description: "Endpoints, models, keys and usage of one Headgate installation. Errors: docs/errors.md.",
      },
      servers: [{ url: publicUrl ?? "/" }],
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
      security: [{ bearer: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withoutUnused(jsonSchemaTransformObject(document)),
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
      uiConfig: { persistAuthorization: false, validatorUrl: null } as never,
    });
  });
}

type OpenApiDocument = ReturnType<SwaggerTransformObject>;

/** Every named schema is there twice, as input and as output; only those that some route leads to stay. */
function withoutUnused(document: OpenApiDocument): OpenApiDocument {
  const components = (document as { components?: { schemas?: Record<string, unknown> } }).components;
  const schemas = components?.schemas ?? {};
  const used = new Set<string>();
  const follow = (part: unknown): void => {
    for (const [, name] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (name === undefined || used.has(name)) continue;
      used.add(name);
      follow(schemas[name]);
    }
  };
  follow(document.paths);
  const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
  return { ...document, components: { ...components, schemas: kept } } as OpenApiDocument;
}
