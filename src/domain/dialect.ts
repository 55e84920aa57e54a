// Wire formats that an endpoint can speak, and what follows from each.

export const dialects = ["openai", "anthropic", "azure", "gemini"] as const;
export type Dialect = (typeof dialects)[number];

const authHeaderByDialect: Record<Dialect, string> = {
  openai: "Authorization",
  anthropic: "x-api-key",
  azure: "api-key",
  gemini: "x-goog-api-key",
};

/** The header in which an endpoint of this dialect expects its credential. */
export function defaultAuthHeaderName(dialect: Dialect): string {
  return authHeaderByDialect[dialect];
}

/** What precedes the credential: "Bearer " in Authorization, nothing in a header of its own. */
export function defaultAuthHeaderPrefix(authHeaderName: string): string {
  return authHeaderName.toLowerCase() === "authorization" ? "Bearer " : "";
}

/** The dialect of well-known providers' own hosts; `openai` for everything else. */
export function inferDialect(url: URL): Dialect {
  if (url.hostname.endsWith(".openai.azure.com")) return "azure";
  if (url.hostname === "api.anthropic.com") return "anthropic";
  if (url.hostname === "generativelanguage.googleapis.com" && !url.pathname.includes("/openai")) return "gemini";
  return "openai";
}

/**
 * The base to which the rest of a call's path is appended: the URL as given when it has a path, else with the
 * dialect's version segment added (`/v1`, Gemini `/v1beta`; Azure never). No trailing slash.
 */
export function defaultBaseUrl(url: string, dialect: Dialect): string {
  const parsed = new URL(url);
  const path = parsed.pathname.replace(/\/+$/, "");
  if (path !== "" || dialect === "azure") return parsed.origin + path;
  return parsed.origin + (dialect === "gemini" ? "/v1beta" : "/v1");
}
