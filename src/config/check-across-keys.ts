// Rules that concern more than one key of the file. They look at the values as written, so that they run whatever else is wrong.
import { checkCustomHeaders } from "../domain/endpoint-fields.ts";
import { configSchema } from "./schema.ts";

type Section = Record<string, unknown>;

function sectionOf(value: unknown): Section {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Section) : {};
}

function listOf(value: unknown): Section[] {
  return Array.isArray(value) ? value.map(sectionOf) : [];
}

/** One line for each rule broken; never a credential's value. */
export function checkAcrossKeys(values: Readonly<Record<string, unknown>>): string[] {
  return [
    ...checkServer(values),
    ...checkRepeats(listOf(values.endpoints), "endpoints", "name"),
    ...checkRepeats(listOf(values.keys), "keys", "key"),
    ...checkRepeats(listOf(values.manifests), "manifests", "name"),
    ...checkIdentity(sectionOf(values.identity)),
    ...listOf(values.endpoints).flatMap((endpoint, index) => checkEndpoint(endpoint, `endpoints[${index}]`)),
  ];
}

/** Both need the defaults, so they wait until their sections are right in themselves. */
function checkServer(values: Readonly<Record<string, unknown>>): string[] {
  const server = configSchema.shape.server.safeParse(values.server);
  const metrics = configSchema.shape.metrics.safeParse(values.metrics);
  if (!server.success || !metrics.success) return [];
  const problems: string[] = [];
  if (server.data.bodies_in_flight_limit < server.data.body_limit) {
    problems.push("server.bodies_in_flight_limit: must be at least server.body_limit");
  }
  if (metrics.data.port !== undefined && metrics.data.port !== 0 && metrics.data.port === server.data.port) {
    problems.push("metrics.port: must differ from server.port; leave it out to have /metrics on the main port");
  }
  return problems;
}

function checkIdentity(identity: Section): string[] {
  const oidc = listOf(identity.oidc);
  const problems = [
    ...checkRepeats(oidc, "identity.oidc", "issuer"),
    ...checkRepeats(listOf(identity.introspection), "identity.introspection", "url"),
  ];
  oidc.forEach((provider, index) => {
    if (provider.client_secret !== undefined && provider.client_id === undefined) {
      problems.push(`identity.oidc[${index}].client_secret: is of no use without client_id`);
    }
  });
  const proxy = configSchema.shape.identity.safeParse({ proxy_header: identity.proxy_header });
  if (!proxy.success) return problems;
  const { enabled, trusted_proxies, user_header, groups_header } = proxy.data.proxy_header;
  if (enabled && trusted_proxies.length === 0) {
    problems.push("identity.proxy_header.trusted_proxies: must name the proxies, or anybody could say to be anybody");
  }
  if (user_header.toLowerCase() === groups_header.toLowerCase()) {
    problems.push("identity.proxy_header.groups_header: is the same as identity.proxy_header.user_header");
  }
  return problems;
}

function checkRepeats(entries: readonly Section[], list: string, key: string): string[] {
  const firstIndex = new Map<unknown, number>();
  return entries.flatMap((entry, index) => {
    const value = entry[key];
    if (typeof value !== "string" || value === "") return [];
    const first = firstIndex.get(value);
    if (first !== undefined) return [`${list}[${index}].${key}: is the same as ${list}[${first}].${key}`];
    firstIndex.set(value, index);
    return [];
  });
}

function checkEndpoint(endpoint: Section, path: string): string[] {
  const problems: string[] = [];
  const upstreamByName = new Map<unknown, string>();
  for (const [upstream, name] of Object.entries(sectionOf(endpoint.aliases))) {
    const other = upstreamByName.get(name);
    if (other !== undefined) problems.push(`${path}.aliases: '${other}' and '${upstream}' have the same alias`);
    upstreamByName.set(name, upstream);
  }
  const headers = sectionOf(endpoint.headers);
  const authHeaderName = endpoint.auth_header_name;
  const areTexts = Object.values(headers).every((value) => typeof value === "string");
  if (typeof authHeaderName === "string" && areTexts && checkCustomHeaders(headers as Record<string, string>) === null) {
    const wrong = checkCustomHeaders(headers as Record<string, string>, authHeaderName);
    if (wrong !== null) problems.push(`${path}.headers: ${wrong}`);
  }
  return problems;
}
