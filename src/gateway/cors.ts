// Cross-origin calls from browsers, for the origins that the configuration names (WHATWG Fetch, "CORS protocol").
import type { IncomingMessage, ServerResponse } from "node:http";

const exposed =
  "x-request-id, x-headgate-model, x-headgate-endpoint, x-headgate-attempts, x-headgate-bodies, x-headgate-error-source, x-headgate-error-code, retry-after";

/** Adds the headers for an allowed origin; answers a preflight and returns true, else false. */
export function allowOrigin(req: IncomingMessage, res: ServerResponse, origins: readonly string[]): boolean {
  const { origin } = req.headers;
  if (origin === undefined || !(origins.includes(origin) || origins.includes("*"))) return false;
  res.setHeader("access-control-allow-origin", origin);
  res.setHeader("vary", "origin");
  res.setHeader("access-control-expose-headers", exposed);
  if (req.method !== "OPTIONS" || req.headers["access-control-request-method"] === undefined) return false;
  res.writeHead(204, {
    "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
    "access-control-allow-headers": req.headers["access-control-request-headers"] ?? "*",
    "access-control-max-age": "600",
  });
  res.end();
  return true;
}
