// One entry of a manifest: what it has to say, or why it is left out. Nothing that it holds is expanded or trusted.
import { type Dialect, dialects } from "../../domain/dialect.ts";
import {
  checkAuthHeaderName,
  checkCustomHeaders,
  checkEndpointUrl,
  checkHeaderValue,
  checkModelName,
  checkQuery,
  checkWeight,
} from "../../domain/endpoint-fields.ts";
import type { EntryStatus } from "../../domain/snapshot.ts";
import { isAllowedHost } from "./allowed-hosts.ts";

/** A usable entry. Optional fields that it leaves out are null, or what they default to. */
export interface ManifestEntry {
  key: string;
  status: EntryStatus;
  /** What is odd about it, though it can be used; null: nothing. */
  warning: string | null;
  /** Models, each once. */
  experts: readonly string[];
  url: string;
  /** The manifest's `endpoint_id`: the name of a token. */
  tokenName: string;
  model: string;
  description: string;
  modelVersion: string;
  dialect: Dialect;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string>>;
  authHeaderName: string | null;
  authHeaderPrefix: string | null;
  weight: number;
  groups: readonly string[] | null;
}

export interface DroppedEntry {
  key: string;
  /** Its `endpoint_id`, where that is text. */
  tokenName: string | null;
  /** Never holds a URL or the value of a header. */
  reason: string;
}

const expertsMax = 1000;
const groupsMax = 1000;
const displayTextMax = 2000;
/** Half a surrogate pair: JSON can hold it, UTF-8 (databases, URLs, headers) can't. */
const brokenText = /\p{Surrogate}/u;

class Refused extends Error {}

type Fields = Readonly<Record<string, unknown>>;

export function parseEntry(key: string, value: unknown, allowedHosts: readonly string[]): ManifestEntry | DroppedEntry {
  try {
    return entryOf(key, value, allowedHosts);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const named = isObject(value) ? value.endpoint_id : undefined;
    const tokenName = typeof named === "string" && wrongName(named) === null ? named : null;
    return { key: showable(key, 256), tokenName, reason: error.message };
  }
}

function entryOf(key: string, value: unknown, allowedHosts: readonly string[]): ManifestEntry {
  refuseIf(wrongName(key), "its key");
  if (!isObject(value)) throw new Refused("must be an object");
  const url = required(value, "url");
  // the texts speak to people who set fields that a manifest does not have
  refuseIf(checkEndpointUrl(url)?.replace("use `api_key`", "keys are named by `endpoint_id`") ?? null, "`url`");
  if (!isAllowedHost(new URL(url), allowedHosts)) throw new Refused("`url` points to a host that is not among the allowed hosts");
  const tokenName = required(value, "endpoint_id");
  refuseIf(wrongName(tokenName), "`endpoint_id`");
  return {
    key,
    ...statusOf(required(value, "status")),
    experts: expertsOf(value.experts),
    url,
    tokenName,
    model: displayText(value.model),
    description: displayText(value.description),
    modelVersion: displayText(value.model_version),
    dialect: dialectOf(value.dialect, new URL(url)),
    ...connectionOf(value),
    weight: weightOf(value.weight),
    groups: groupsOf(value.groups),
  };
}

function statusOf(text: string): Pick<ManifestEntry, "status" | "warning"> {
  const status = text.trim().toLowerCase();
  if (status === "live" || status === "offline" || status === "maintenance") return { status, warning: null };
  const shown = JSON.stringify(showable(text.trim(), 40));
  return { status: "offline", warning: `status ${shown} is none of Live, Offline and Maintenance, and counts as Offline` };
}

function expertsOf(value: unknown): string[] {
  if (value === undefined) throw new Refused("`experts` is missing");
  if (!Array.isArray(value)) throw new Refused("`experts` must be a list of model names");
  if (value.length === 0) throw new Refused("`experts` is empty");
  if (value.length > expertsMax) throw new Refused(`\`experts\` must be at most ${expertsMax} names`);
  value.forEach((expert: unknown, index) => {
    refuseIf(typeof expert === "string" ? wrongName(expert) : "must be text", `\`experts\`, element ${index + 1},`);
  });
  return [...new Set(value as string[])];
}

function dialectOf(value: unknown, url: URL): Dialect {
  // Not inferDialect: the guide's Anthropic entry, which names no dialect, is called the OpenAI way.
  if (isUnset(value)) return url.hostname.endsWith(".openai.azure.com") ? "azure" : "openai";
  const dialect = dialects.find((known) => typeof value === "string" && known === value.toLowerCase());
  if (dialect === undefined) throw new Refused(`\`dialect\` must be one of ${dialects.join(", ")}`);
  return dialect;
}

function connectionOf({ auth_header_name: name, auth_header_prefix: prefix, headers: given, query: parameters }: Fields) {
  const authHeaderName = optionalText(name, "auth_header_name", checkAuthHeaderName);
  const authHeaderPrefix = optionalText(prefix, "auth_header_prefix", checkHeaderValue);
  const headers = textMap(given, "headers");
  const credentialWords = "use `api_key` and `auth_header_name`";
  refuseIf(
    checkCustomHeaders(headers, authHeaderName)?.replace(credentialWords, "keys are named by `endpoint_id`") ?? null,
    "`headers`:",
  );
  const query = textMap(parameters, "query");
  refuseIf(checkQuery(query), "`query`:");
  const lowerCase = Object.fromEntries(Object.entries(headers).map(([header, value]) => [header.toLowerCase(), value]));
  return { authHeaderName, authHeaderPrefix, headers: lowerCase, query };
}

function weightOf(value: unknown): number {
  if (isUnset(value)) return 1;
  refuseIf(checkWeight(typeof value === "number" ? value : Number.NaN), "`weight`");
  return value as number;
}

/** An empty list is refused: it might mean everybody or nobody. */
function groupsOf(value: unknown): string[] | null {
  if (isUnset(value)) return null;
  const isList = Array.isArray(value) && value.length > 0 && value.length <= groupsMax;
  if (!isList || !value.every((group) => typeof group === "string" && wrongName(group) === null)) {
    throw new Refused("`groups` must be a list of names of groups, with at least one");
  }
  return [...new Set(value as string[])];
}

function required(fields: Fields, name: string): string {
  const value = fields[name];
  if (isUnset(value)) throw new Refused(`\`${name}\` is missing`);
  if (typeof value !== "string") throw new Refused(`\`${name}\` must be text`);
  if (value.trim() === "") throw new Refused(`\`${name}\` is empty`);
  if (brokenText.test(value)) throw new Refused(`\`${name}\` is not valid Unicode`);
  return value;
}

function optionalText(value: unknown, name: string, check: (text: string) => string | null): string | null {
  if (isUnset(value)) return null;
  refuseIf(typeof value === "string" ? check(value) : "must be text", `\`${name}\``);
  return value as string;
}

function textMap(value: unknown, name: string): Record<string, string> {
  if (isUnset(value)) return {};
  if (!isObject(value)) throw new Refused(`\`${name}\` must be an object`);
  for (const [member, text] of Object.entries(value)) {
    if (typeof text !== "string") throw new Refused(`\`${name}\` must hold text only`);
    if (brokenText.test(member) || brokenText.test(text)) throw new Refused(`\`${name}\` is not valid Unicode`);
  }
  return value as Record<string, string>;
}

/** Text to be read by people; numbers count as text, anything else as nothing. */
function displayText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? showable(String(value), displayTextMax) : "";
}

/** Cut to `max` characters, and fit for any database. */
function showable(text: string, max: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what PostgreSQL does not take
  return text.slice(0, max).replace(/[\p{Surrogate}\u0000]/gu, "\ufffd");
}

function wrongName(text: string): string | null {
  return brokenText.test(text) ? "is not valid Unicode" : checkModelName(text);
}

function refuseIf(wrong: string | null, what: string): void {
  if (wrong !== null) throw new Refused(`${what} ${wrong}`);
}

/** JSON's null says as much as leaving the field out. */
function isUnset(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
