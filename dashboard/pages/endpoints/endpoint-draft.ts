// What is typed into the forms of an endpoint, and what the API is sent of it.
import type { EndpointBody, EndpointPatch } from "../../../src/api/endpoints.ts";
import { type TypedTimeouts, timeoutsPatch, typedTimeouts } from "../../components/timeout-fields.tsx";
import { formatPairs, pairsPatch, parsePairs } from "./parse-pairs.ts";

/** Text as typed; "" is the default. */
export interface EndpointDraft {
  name: string;
  description: string;
  url: string;
  apiKey: string;
  dialect: string;
  authHeaderName: string;
  authHeaderPrefix: string;
  hasNoPrefix: boolean;
  headers: string;
  query: string;
  timeouts: TypedTimeouts;
  weight: string;
  syncInterval: string;
  probeKind: string;
  probeInterval: string;
  probeTimeout: string;
}

export const emptyDraft: EndpointDraft = {
  name: "",
  description: "",
  url: "",
  apiKey: "",
  dialect: "",
  authHeaderName: "",
  authHeaderPrefix: "",
  hasNoPrefix: false,
  headers: "",
  query: "",
  timeouts: typedTimeouts({}),
  weight: "",
  syncInterval: "",
  probeKind: "",
  probeInterval: "",
  probeTimeout: "",
};

export function draftOf(endpoint: EndpointBody): EndpointDraft {
  const { timeouts, probe } = endpoint;
  return {
    name: endpoint.name,
    description: endpoint.description ?? "",
    url: endpoint.url,
    apiKey: "",
    dialect: endpoint.dialect,
    authHeaderName: endpoint.auth_header_name ?? "",
    authHeaderPrefix: endpoint.auth_header_prefix ?? "",
    hasNoPrefix: endpoint.auth_header_prefix === "",
    headers: formatPairs(endpoint.headers, ": "),
    query: formatPairs(endpoint.query, "="),
    timeouts: typedTimeouts(timeouts),
    weight: String(endpoint.weight),
    syncInterval: endpoint.sync_interval,
    probeKind: probe?.kind ?? "",
    probeInterval: probe?.interval ?? "",
    probeTimeout: probe?.timeout ?? "",
  };
}

const orNull = (text: string): string | null => (text.trim() === "" ? null : text.trim());
const headersOf = (draft: EndpointDraft) => lowerCased(parsePairs(draft.headers, ": ", "headers"));
const queryOf = (draft: EndpointDraft) => parsePairs(draft.query, "=", "query");
const prefixOf = (draft: EndpointDraft) =>
  draft.hasNoPrefix ? "" : draft.authHeaderPrefix === "" ? null : draft.authHeaderPrefix;

/** The API keeps header names so: the difference to what it has must not see the case. */
function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** The fields that a connection is tried with. Throws ApiError at a field that can't be read. */
export function connectionOf(draft: EndpointDraft) {
  return {
    url: draft.url.trim(),
    ...(draft.apiKey !== "" && { api_key: draft.apiKey }),
    dialect: orNull(draft.dialect),
    auth_header_name: orNull(draft.authHeaderName),
    auth_header_prefix: prefixOf(draft),
    headers: headersOf(draft),
    query: queryOf(draft),
  };
}

/** The body of a new endpoint, without its models. Throws as `connectionOf`. */
export function endpointBodyOf(draft: EndpointDraft) {
  return {
    name: draft.name.trim(),
    description: orNull(draft.description),
    ...connectionOf(draft),
    ...(orNull(draft.syncInterval) !== null && { sync_interval: orNull(draft.syncInterval) }),
    timeouts: timeoutsPatch(draft.timeouts),
    ...(orNull(draft.weight) !== null && { weight: Number(draft.weight) }),
    probe: probeOf(draft),
  };
}

function probeOf({ probeKind, probeInterval, probeTimeout }: EndpointDraft) {
  return probeKind === "" ? null : { kind: probeKind, interval: orNull(probeInterval), timeout: orNull(probeTimeout) };
}

/** The merge patch from `before` to `after`: only what was changed. Throws as `connectionOf`. */
export function patchOf(before: EndpointDraft, after: EndpointDraft): Partial<EndpointPatch> {
  const patch: Partial<EndpointPatch> = {};
  const differs = (...names: (keyof EndpointDraft)[]) =>
    names.some((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  if (differs("name")) patch.name = after.name.trim();
  if (differs("description")) patch.description = orNull(after.description);
  if (differs("url")) patch.url = after.url.trim();
  if (differs("dialect")) patch.dialect = orNull(after.dialect);
  if (differs("authHeaderName")) patch.auth_header_name = orNull(after.authHeaderName);
  if (differs("authHeaderPrefix", "hasNoPrefix")) patch.auth_header_prefix = prefixOf(after);
  if (differs("headers")) patch.headers = pairsPatch(headersOf(before), headersOf(after));
  if (differs("query")) patch.query = pairsPatch(queryOf(before), queryOf(after));
  if (differs("timeouts")) patch.timeouts = timeoutsPatch(after.timeouts);
  if (differs("weight")) patch.weight = orNull(after.weight) === null ? null : Number(after.weight);
  if (differs("syncInterval")) patch.sync_interval = orNull(after.syncInterval);
  if (differs("probeKind", "probeInterval", "probeTimeout")) patch.probe = probeOf(after);
  return patch;
}
