// What the routes declare about themselves: a policy each, and the methods of each path.
import type { Action } from "../../../domain/policy.ts";

/** What is looked at in a route; read after start, since plugins add to their routes while they register. */
export interface KnownRoute {
  method: string | string[];
  url: string;
  config?: { policy?: Action | "self" | "public" } | undefined;
}

/** Throws unless every route says who may call it: a forgotten policy must not become an open door. */
export function requirePolicies(routes: readonly KnownRoute[]): void {
  const undeclared = routes.filter((route) => route.config?.policy === undefined);
  if (undeclared.length === 0) return;
  throw new Error(`routes without a declared policy: ${undeclared.map((route) => `${route.method} ${route.url}`).join(", ")}`);
}

/** The methods of the routes whose path is that of `url`; none: the path is unknown. */
export function allowedMethods(routes: readonly KnownRoute[], url: string): string[] {
  const path = (url.split("?", 1)[0] as string).replace(/\/+$/, "");
  const methods = routes.filter((route) => pathPattern(route.url).test(path)).flatMap((route) => route.method);
  return [...new Set(methods)];
}

/** `/keys/:id` as a pattern. Paths of routes hold nothing else that a regular expression would read as its own but dots and `*`. */
function pathPattern(routeUrl: string): RegExp {
  const source = routeUrl
    .replace(/\/+$/, "")
    .replaceAll(".", "\\.")
    .replace(/:[A-Za-z_]+/g, "[^/]+")
    .replaceAll("*", ".*");
  return new RegExp(`^${source}$`);
}
