// Manifests on the wire.
import { z } from "zod";
import {
  checkAuthHeaderName,
  checkCredential,
  checkCustomHeaders,
  checkEndpointName,
  checkHeaderValue,
  checkModelName,
} from "../domain/endpoint-fields.ts";
import { credentialHeaders } from "../domain/http-headers.ts";
import { checkedText, durationField } from "./checked-text.ts";
import { listQuery, searchField } from "./list.ts";
import { timeText } from "./time.ts";

const hour = 3_600_000;

function checkInterval(ms: number): string | null {
  return ms >= 1000 && ms <= 24 * hour ? null : "must be from 1s to 24h";
}

/** An http(s) URL; user and password may be in it. No message repeats it. */
function checkManifestUrl(text: string): string | null {
  if (text.length > 4096) return "must be at most 4096 characters";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  if (/[\u0000-\u0020\u007f\\]/.test(text)) return "must not contain spaces, control characters or '\\'";
  if (!/^https?:\/\//i.test(text)) return "must begin with http:// or https:// (a file is named in the configuration)";
  if (!URL.canParse(text)) return "is not a URL";
  if (text.includes("#")) return "must not contain a fragment ('#')";
  return areDecodable(new URL(text)) ? null : "has a user name or password with a '%' in it that must be written '%25'";
}

function areDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

/** Unlike an endpoint's, they may hold the credential: there is no other place for it. */
function checkManifestHeaders(headers: Readonly<Record<string, string>>): string | null {
  const isCredential = (name: string) => (credentialHeaders as readonly string[]).includes(name.toLowerCase());
  const names = Object.keys(headers);
  if (new Set(names.map((name) => name.toLowerCase())).size < names.length) return "must not hold a header twice";
  for (const name of names.filter(isCredential)) {
    const wrong = checkAuthHeaderName(name) ?? checkHeaderValue(headers[name] as string);
    if (wrong !== null) return `header '${name.toLowerCase()}' ${wrong}`;
  }
  return checkCustomHeaders(Object.fromEntries(Object.entries(headers).filter(([name]) => !isCredential(name))));
}

function checkHost(text: string): string | null {
  const isHost = text.length <= 260 && /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+|[0-9a-f:]+)(:\d{1,5})?$/i.test(text);
  return isHost ? null : "must be a host, or host:port";
}

const tokens = z.record(checkedText(checkModelName), checkedText(checkCredential));

export const createManifestBody = z
  .strictObject({
    name: checkedText(checkEndpointName).describe("Callers see it in place of the endpoints' names."),
    url: checkedText(checkManifestUrl).describe(
      "http or https. A user and password in it are sent as `authorization`, and never shown.",
    ),
    interval: durationField(checkInterval).nullish().describe("Time between two fetches. Default 30s."),
    headers: z.record(z.string(), z.string()).nullish().describe("Sent with every fetch. Stored encrypted, never shown."),
    allowed_hosts: z
      .array(checkedText(checkHost))
      .max(1000, { error: "must be at most 1000 hosts" })
      .nullish()
      .describe("Hosts that entries may point to. Default: any."),
    tokens: tokens.nullish().describe("`endpoint_id` → the provider's key. Stored encrypted, never shown."),
  })
  .superRefine((given, context) => {
    const headers = given.headers ?? {};
    const wrong = checkManifestHeaders(headers);
    if (wrong !== null) context.addIssue({ code: "custom", path: ["headers"], message: wrong });
    const hasAuthorization = Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
    if (hasAuthorization && URL.canParse(given.url) && new URL(given.url).username + new URL(given.url).password !== "") {
      context.addIssue({ code: "custom", path: ["headers"], message: "must not hold `authorization` beside a user in the URL" });
    }
  });

export const manifestsQuery = listQuery.extend({ search: searchField("the name") });

const entryView = z.object({
  key: z.string(),
  endpoint_id: z.string().nullable().describe("As the manifest has it: the name of its token. Null where it can't be read."),
  status: z.enum(["live", "offline", "maintenance", "dropped"]).describe("`dropped`: the entry can't be used; `error` says why."),
  models: z.array(z.string()),
  error: z.string().nullable().describe("What keeps the entry, or some of it, from being used; or what is odd about it."),
});

export const manifestView = z
  .object({
    id: z.string(),
    name: z.string(),
    url: z.string().describe("Without user and password; or the path of a file."),
    origin: z.enum(["admin", "config", "environment"]).describe("Who made it; of the last two, it is changed there."),
    interval: z.string(),
    allowed_hosts: z.array(z.string()),
    status: z
      .enum(["ok", "stale", "never_loaded"])
      .describe("`stale`: the last fetch failed, and the last good copy is in use. `never_loaded`: there is none."),
    last_success_at: timeText.nullable(),
    age_seconds: z.number().nullable().describe("Of the last fetch that succeeded."),
    last_error: z
      .object({ at: timeText, stage: z.enum(["dns", "connect", "tls", "http", "file", "parse"]), detail: z.string() })
      .nullable()
      .describe("Of the last fetch; null: it succeeded."),
    entries: z.array(entryView),
  })
  .meta({ id: "Manifest" });

export type CreateManifest = z.output<typeof createManifestBody>;
export type ManifestBody = z.output<typeof manifestView>;
