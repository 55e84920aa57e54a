// What a request's method and path ask for, before anything is known about who asks.

import { HeadgateError } from "../core/errors.ts";
import { checkPath } from "./check-path.ts";
import { checkDirectCall, type DirectRoute, directRouteOf } from "./direct-api/direct-route.ts";

/** The shape in which the caller expects errors and lists. */
export type CallerDialect = "openai" | "anthropic" | "gemini";

export interface CallRoute {
  kind: "call";
  /** The path after the version segment, with its leading slash: "/chat/completions". */
  rest: string;
  /** The query with its "?", or "". */
  search: string;
  /** The version segment the caller used. */
  version: "v1" | "v1beta";
  /** Set for `/endpoints/{name}/v1/…`. */
  endpointName: string | null;
  /** Set for Gemini's `/models/{model}:{method}`. */
  pathModel: { name: string; method: string } | null;
  /** Set for what is done with a response that a provider keeps: only its maker may, and it goes where the response was made. */
  responseId: string | null;
  needsPassthrough: boolean;
  /** Set for `/resource_server/{manifest}/api/v1/…`. */
  cluster: string | null;
}

export type Route =
  | CallRoute
  | DirectRoute
  | { kind: "list-models" }
  | { kind: "get-model"; model: string }
  | { kind: "usage" }
  | { kind: "none" };

/** Path segments behind which a provider keeps an account's state. */
const statePaths = new Set([
  "files",
  "uploads",
  "batches",
  "fine_tuning",
  "organization",
  "projects",
  "vector_stores",
  "assistants",
  "threads",
  "containers",
  "conversations",
  "admin",
  "api_keys",
  "users",
]);

const callPrefixes = ["/v1/", "/ai/v1/"];
/** Argonne's gateway: a manifest is a "cluster" there. */
const directPrefix = "/resource_server";
const directCallPath = /^\/([A-Za-z0-9._-]+)\/api\/v1(\/.*)$/;
const geminiPrefix = "/v1beta/";
const endpointPath = /^\/endpoints\/([^/]+)\/(v1(?:beta)?)(\/.+)$/;
/** At any depth, as endpoints with a path of their own put it; `[^/]` is what the endpoint would take for an id. */
const responsePath = /\/responses\/([^/]+)(\/[^/]+)?/i;
const geminiModelPath = /^\/models\/(.+):([A-Za-z]+)$/;

/** Callers use few paths: what they mean is kept for these. Bounded, and without targets that carry a query or an id. */
const known = new Map<string, Route>();
const knownMax = 500;

/** Splits a request target. Throws `invalid_path` for targets that are no plain path. */
export function parseRoute(method: string, target: string): Route {
  const name = `${method} ${target}`;
  let route = known.get(name);
  if (route === undefined) {
    route = readRoute(method, target);
    const isUsual = route.kind === "call" && route.search === "" && route.responseId === null && name.length < 100;
    if (isUsual && known.size < knownMax) known.set(name, route);
  }
  return route;
}

function readRoute(method: string, target: string): Route {
  const queryAt = target.indexOf("?");
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const search = queryAt < 0 ? "" : target.slice(queryAt);
  checkPath(path);
  if (search.includes("#")) throw new HeadgateError("invalid_path");

  for (const prefix of callPrefixes) {
    if (path.startsWith(prefix)) return versionedRoute(method, path.slice(prefix.length - 1), search, "v1");
  }
  if (path.startsWith(`${directPrefix}/`)) return directRoute(method, path.slice(directPrefix.length), search);
  if (path.startsWith(geminiPrefix)) return versionedRoute(method, path.slice(geminiPrefix.length - 1), search, "v1beta");
  const named = endpointPath.exec(path);
  if (named !== null) {
    const rest = named[3] as string;
    return {
      kind: "call",
      rest,
      search: named[2] === "v1beta" ? withoutKey(search) : search,
      version: named[2] as "v1" | "v1beta",
      endpointName: decodeURIComponent(named[1] as string),
      pathModel: pathModelOf(method, rest),
      // That scope reaches all that the endpoint's account has.
      responseId: null,
      needsPassthrough: true,
      cluster: null,
    };
  }
  return { kind: "none" };
}

/** With or without a slash at the end, which its endpoints would take for another path. */
function directRoute(method: string, rest: string, search: string): Route {
  const bare = rest.replace(/\/+$/, "");
  const call = directCallPath.exec(bare);
  if (call === null) return directRouteOf(method, bare) ?? { kind: "none" };
  const [, cluster, path] = call as unknown as [string, string, string];
  checkDirectCall(method, path);
  const route = versionedRoute(method, path, search, "v1");
  return route.kind === "call" ? { ...route, cluster } : route;
}

function versionedRoute(method: string, rest: string, search: string, version: "v1" | "v1beta"): Route {
  if (rest === "/") return { kind: "none" };
  const reads = method === "GET" || method === "HEAD";
  if (reads && (rest === "/models" || rest === "/models/")) return { kind: "list-models" };
  if (reads && version === "v1" && rest.startsWith("/models/")) {
    return { kind: "get-model", model: decodeURIComponent(rest.slice("/models/".length)) };
  }
  if (reads && version === "v1" && (rest === "/usage" || rest === "/usage/")) return { kind: "usage" };
  const pathModel = pathModelOf(method, rest);
  const responseId = responseIdOf(method, rest);
  return {
    kind: "call",
    rest,
    search: version === "v1beta" || pathModel !== null ? withoutKey(search) : search,
    version,
    endpointName: null,
    pathModel,
    responseId,
    needsPassthrough: isStatePath(rest) || (method !== "POST" && responseId === null),
    cluster: null,
  };
}

function pathModelOf(method: string, rest: string): CallRoute["pathModel"] {
  const match = method === "POST" ? geminiModelPath.exec(rest) : null;
  return match === null ? null : { name: decodeURIComponent(match[1] as string), method: match[2] as string };
}

/**
 * The id in `/responses/{id}` and whatever lies below it, decoded. `POST /responses/{name}` is none: those are ways to make
 * one (`compact`) or to ask about one that is not made (`input_tokens`).
 */
function responseIdOf(method: string, rest: string): string | null {
  const match = responsePath.exec(rest.includes("%") ? decodeURIComponent(rest) : rest);
  if (match === null || (method === "POST" && match[2] === undefined)) return null;
  return match[1] as string;
}

function isStatePath(rest: string): boolean {
  const segments = rest.split("/", 3);
  const first = decodeURIComponent(segments[1] as string).toLowerCase();
  if (statePaths.has(first)) return true;
  return first === "messages" && decodeURIComponent(segments[2] ?? "").toLowerCase() === "batches";
}

/** Gemini clients may put their key into the query: it is ours, so it stays here. */
function withoutKey(search: string): string {
  if (!search.includes("key=")) return search;
  const kept = search
    .slice(1)
    .split("&")
    .filter((pair) => !pair.startsWith("key="));
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

/** The dialect for errors and lists: by path, else by the header that Anthropic's clients always send. */
export function callerDialect(target: string, headers: Readonly<Record<string, unknown>>): CallerDialect {
  if (target.startsWith("/v1beta/") || target.includes("/v1beta/models")) return "gemini";
  if (headers["anthropic-version"] !== undefined || /\/v1\/messages(?:[/?]|$)/.test(target)) return "anthropic";
  return "openai";
}
