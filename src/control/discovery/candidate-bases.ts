// The base URLs under which an endpoint's models may be listed, in the order to try them.
import { type Dialect, defaultBaseUrl } from "../../domain/dialect.ts";

/**
 * The base that the URL stands for, then its other form: people give `https://host`, `https://host/v1` and
 * `https://host/proxy` for the same API. `lastBaseUrl`, the one that answered before, goes first, if the URL
 * still leads to it. All candidates have the URL's origin. Azure's bases are taken as they are.
 */
export function candidateBases(url: string, dialect: Dialect, lastBaseUrl: string | null): string[] {
  const usual = defaultBaseUrl(url, dialect);
  if (dialect === "azure") return [usual];
  const { origin, pathname } = new URL(url);
  const path = pathname.replace(/\/+$/, "");
  const other = path === "" ? origin : path.endsWith("/v1") ? origin + path.slice(0, -"/v1".length) : `${origin}${path}/v1`;
  return lastBaseUrl === other ? [other, usual] : [usual, other];
}

/** The parts of an Azure deployment's URL: where the resource's own model list is, and the deployment's name; else null. */
export function azureDeployment(base: string): { modelsUrl: string; deployment: string } | null {
  const match = /^(.*\/openai)\/deployments\/([^/]+)$/.exec(base);
  if (match === null) return null;
  return { modelsUrl: `${match[1]}/models`, deployment: match[2] as string };
}
