// The manifests that the file and the environment name, as the program uses them.
import { parseDurationMs } from "../core/duration.ts";
import { Secret } from "../core/secret.ts";
import { checkCredential } from "../domain/endpoint-fields.ts";
import type { ManifestSeed } from "../domain/seeds.ts";
import { type Environment, readVariable } from "./environment.ts";
import { memberName, readJsonObject } from "./json-variable.ts";
import { checkManifestLocation, type ManifestLocation, parseManifestLocation } from "./manifest-location.ts";
import {
  checkManifestHeaderNames,
  checkManifestHeaderValue,
  checkManifestIntervalMs,
  defaultManifestInterval,
} from "./manifest-schema.ts";
import { plainHttpWarning } from "./plain-http-warning.ts";
import type { ParsedFile } from "./schema.ts";

/** The name of the manifest that METIS_STATUS_URL makes: that of its cluster in the API it comes from. */
export const environmentManifestName = "metis";

/** What the seeds' readers need; `directory` is where relative paths start. */
interface Surroundings {
  directory: string;
  problems: string[];
  warnings: string[];
}

/** Those of the file's section `manifests`. */
export function manifestsOfFile(section: ParsedFile["manifests"], surroundings: Surroundings): ManifestSeed[] {
  return section.map((manifest, index) => {
    const where = `manifests[${index}]`;
    const location = parseManifestLocation(manifest.url.expose(), surroundings.directory);
    return {
      name: manifest.name,
      url: location.url,
      origin: "config",
      intervalMs: manifest.interval,
      headers: headersOf(location, new Map(Object.entries(manifest.headers)), `${where}.url`, surroundings),
      allowedHosts: manifest.allowed_hosts.map((host) => new URL(`http://${host}/`).hostname),
      tokens: new Map(Object.entries(manifest.tokens)),
    };
  });
}

/** The one that METIS_STATUS_URL and its companions make; null without it. */
export function manifestOfEnvironment(env: Environment, surroundings: Surroundings): ManifestSeed | null {
  const { directory, problems, warnings } = surroundings;
  const tokens = readTokens(env, problems);
  const headers = readHeaders(env, problems);
  const intervalMs = readInterval(env, problems);
  const url = readVariable(env, "METIS_STATUS_URL");
  if (url === undefined) {
    for (const name of ["METIS_API_TOKENS", "HEADGATE_MANIFEST_HEADERS", "HEADGATE_MANIFEST_INTERVAL"]) {
      if (readVariable(env, name) !== undefined) warnings.push(`${name} is set, but does nothing without METIS_STATUS_URL`);
    }
    return null;
  }
  const wrong = checkManifestLocation(url);
  if (wrong !== null) {
    problems.push(`METIS_STATUS_URL: ${wrong}`);
    return null;
  }
  const location = parseManifestLocation(url, directory);
  return {
    name: environmentManifestName,
    url: location.url,
    origin: "environment",
    intervalMs,
    headers: headersOf(location, headers, "METIS_STATUS_URL", surroundings),
    allowedHosts: [],
    tokens,
  };
}

/** Lower-case names, with the credential of the URL among them. `where` names the URL. */
function headersOf(
  { url, authorization }: ManifestLocation,
  given: ReadonlyMap<string, Secret>,
  where: string,
  { problems, warnings }: Surroundings,
): Record<string, Secret> {
  const headers = Object.fromEntries([...given].map(([name, value]) => [name.toLowerCase(), value]));
  const warning = plainHttpWarning(where, url);
  if (warning !== null) warnings.push(warning);
  if (authorization === null) return headers;
  if (headers.authorization !== undefined) {
    problems.push(`${where}: has a user name or password in it, and the headers have an authorization too; only one can be sent`);
  }
  return { ...headers, authorization };
}

/** METIS_API_TOKENS: the keys by `endpoint_id`. */
function readTokens(env: Environment, problems: string[]): Map<string, Secret> {
  const name = "METIS_API_TOKENS";
  const tokens = new Map<string, Secret>();
  const members = readJsonObject(env, name, "endpoint_id to key", problems) ?? [];
  for (const [index, [endpointId, key]] of members.entries()) {
    const wrong = typeof key === "string" ? checkCredential(key) : "must be text";
    if (endpointId === "") problems.push(`${name}: ${memberName(endpointId, index)} has an empty endpoint_id`);
    else if (wrong !== null) problems.push(`${name}: the key of ${memberName(endpointId, index)} ${wrong}`);
    else tokens.set(endpointId, new Secret(key as string));
  }
  return tokens;
}

/** HEADGATE_MANIFEST_HEADERS, by name as given. */
function readHeaders(env: Environment, problems: string[]): Map<string, Secret> {
  const name = "HEADGATE_MANIFEST_HEADERS";
  const headers = new Map<string, Secret>();
  const members = readJsonObject(env, name, "header name to value", problems) ?? [];
  const wrongNames = checkManifestHeaderNames(members.map(([header]) => header));
  if (wrongNames !== null) problems.push(`${name}: ${wrongNames}`);
  for (const [index, [header, value]] of members.entries()) {
    const wrong = typeof value === "string" ? checkManifestHeaderValue(value) : "must be text";
    if (wrong !== null) problems.push(`${name}: the value of ${memberName(header, index)} ${wrong}`);
    else headers.set(header, new Secret(value as string));
  }
  return headers;
}

/** HEADGATE_MANIFEST_INTERVAL, in ms. */
function readInterval(env: Environment, problems: string[]): number {
  const ms = parseDurationMs(readVariable(env, "HEADGATE_MANIFEST_INTERVAL") ?? defaultManifestInterval);
  const wrong = ms === null ? 'must be a duration such as "30s" or "5m"' : checkManifestIntervalMs(ms);
  if (wrong !== null) problems.push(`HEADGATE_MANIFEST_INTERVAL: ${wrong}`);
  return ms ?? 0;
}
