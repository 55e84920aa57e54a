// Which requests are no model calls: those for health and metrics, the admin API and the pages for people.
import type { IncomingMessage } from "node:http";
import { prefersHtml } from "./accepted.ts";

// The parts that answer go by these, and so does whoever passes requests on to them: a path has the same owner everywhere.

/** `/livez`, `/readyz` and `/metrics`. `target`: the path with its query. */
export function isOpsPath(target: string): boolean {
  if (!target.startsWith("/livez") && !target.startsWith("/readyz") && !target.startsWith("/metrics")) return false;
  const path = pathOf(target);
  return path === "/livez" || path === "/readyz" || path === "/metrics";
}

/** The admin API. */
export function isAdminPath(target: string): boolean {
  return target.startsWith("/admin/");
}

/** The pages' own paths, and `/` for browsers. */
export function isDashboardRequest(target: string, { method, headers }: Pick<IncomingMessage, "method" | "headers">): boolean {
  if (target === "/" || target.startsWith("/?")) {
    return (method === "GET" || method === "HEAD") && prefersHtml(headers.accept);
  }
  if (!target.startsWith("/dashboard")) return false;
  const path = pathOf(target);
  return path === "/dashboard" || path.startsWith("/dashboard/");
}

/** Streams that end only when the server ends them. */
export function isEventStreamPath(target: string): boolean {
  const path = pathOf(target);
  return path === "/admin/api/v1/events" || path === "/admin/api/v1/events/";
}

/** Without its query. */
export function pathOf(target: string): string {
  const queryAt = target.indexOf("?");
  return queryAt < 0 ? target : target.slice(0, queryAt);
}
