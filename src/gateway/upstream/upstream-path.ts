// The URL of an upstream call: the endpoint's base with the rest of the caller's path, concatenated, never joined.
import { HeadgateError } from "../../core/errors.ts";
import type { EndpointView } from "../../domain/snapshot.ts";
import type { CallRoute } from "../route.ts";

interface Base {
  origin: string;
  /** "" or "/v1": no trailing slash. */
  path: string;
}

/** Segments that no parser reads as anything but themselves: each begins with a letter or digit. */
const onlyPlainSegments = /^(?:\/[A-Za-z0-9][A-Za-z0-9_.-]*)+$/;

const bases = new WeakMap<EndpointView, Base>();

/** The endpoint's origin and base path. */
export function baseOf(endpoint: EndpointView): Base {
  let base = bases.get(endpoint);
  if (base === undefined) {
    const url = new URL(endpoint.baseUrl);
    base = { origin: url.origin, path: url.pathname.replace(/\/+$/, "") };
    bases.set(endpoint, base);
  }
  return base;
}

/** Path and query for the upstream request line. `upstreamModel` replaces the model in a Gemini path. Throws `invalid_path`. */
export function upstreamPath(endpoint: EndpointView, route: CallRoute, upstreamModel: string): string {
  const base = baseOf(endpoint);
  const rest =
    route.pathModel === null
      ? route.rest
      : `/models/${encodeURIComponent(upstreamModel).replaceAll("%2F", "/")}:${route.pathModel.method}`;
  const path = versionedBase(base.path, route) + rest;
  lockToEndpoint(base, path);
  return path + upstreamQuery(route.search, endpoint.query);
}

/** Gemini's paths live under /v1beta: an endpoint whose base is the plain /v1 has them beside it. */
function versionedBase(basePath: string, route: CallRoute): string {
  return route.version === "v1beta" && basePath === "/v1" ? "/v1beta" : basePath;
}

/**
 * The last check before a credential is attached: read as a URL, the path is still at the endpoint's host and is what
 * was concatenated. Whatever made it through the path check by a difference between parsers ends here.
 */
function lockToEndpoint(base: Base, path: string): void {
  if (onlyPlainSegments.test(path) && (path.startsWith(base.path) || base.path === "/v1")) return;
  const url = URL.parse === undefined ? new URL(base.origin + path) : URL.parse(base.origin + path);
  const underBase = url !== null && (url.pathname.startsWith(`${base.path}/`) || base.path === "/v1");
  if (url === null || url.origin !== base.origin || !underBase || url.username !== "") throw new HeadgateError("invalid_path");
}

/** The caller's query as it came, with the endpoint's own parameters set over it. */
function upstreamQuery(search: string, own: Readonly<Record<string, string>>): string {
  const names = Object.keys(own);
  if (names.length === 0) return search;
  const kept = search
    .slice(1)
    .split("&")
    .filter((pair) => pair !== "" && !names.includes(decodedName(pair)));
  for (const name of names) kept.push(`${encodeURIComponent(name)}=${encodeURIComponent(own[name] as string)}`);
  return `?${kept.join("&")}`;
}

function decodedName(pair: string): string {
  const name = pair.split("=", 1)[0] as string;
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}
