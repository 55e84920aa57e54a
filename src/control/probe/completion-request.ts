// The smallest call that makes a model produce something, in each dialect, at the URL where the gateway would send it.
import type { Dialect } from "../../domain/dialect.ts";
import type { EndpointView } from "../../domain/snapshot.ts";
import { listHeaders } from "../discovery/list-target.ts";
import { probeTarget } from "./probe-target.ts";

export interface CompletionRequest {
  origin: string;
  /** With its query. */
  path: string;
  headers: Record<string, string>;
  body: string;
}

const messages = [{ role: "user", content: "ping" }];

const bodyByDialect: Record<Dialect, (model: string) => object> = {
  openai: (model) => ({ model, messages, max_tokens: 1 }),
  azure: (model) => ({ model, messages, max_tokens: 1 }),
  anthropic: (model) => ({ model, messages, max_tokens: 1 }),
  gemini: () => ({ contents: [{ role: "user", parts: [{ text: "ping" }] }], generationConfig: { maxOutputTokens: 1 } }),
};

/** A call for one token. Null when the model's name can't stand in a path: then nothing is sent, least of all a credential. */
export function completionRequest(endpoint: EndpointView, upstreamModel: string): CompletionRequest | null {
  const { origin, pathname } = new URL(endpoint.baseUrl);
  const path = completionPath(endpoint.dialect, pathname.replace(/\/+$/, ""), upstreamModel);
  // Dot segments in a name would lead to another place of the host than its models.
  if (new URL(origin + path).pathname !== path) return null;
  const query = Object.entries(endpoint.query).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return {
    origin,
    path: query.length === 0 ? path : `${path}?${query.join("&")}`,
    headers: { "content-type": "application/json", ...listHeaders(probeTarget(endpoint)) },
    body: JSON.stringify(bodyByDialect[endpoint.dialect](upstreamModel)),
  };
}

/** As gateway/upstream/upstream-path.ts makes it: the base and the rest, Gemini's calls under /v1beta where the base is the plain /v1. */
function completionPath(dialect: Dialect, basePath: string, upstreamModel: string): string {
  if (dialect === "anthropic") return `${basePath}/messages`;
  if (dialect !== "gemini") return `${basePath}/chat/completions`;
  const name = encodeURIComponent(upstreamModel).replaceAll("%2F", "/");
  return `${basePath === "/v1" ? "/v1beta" : basePath}/models/${name}:generateContent`;
}
