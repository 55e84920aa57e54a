// The variables of Argonne's gateway that say which Globus users may call, and the rules that belong together.
import { Secret } from "../core/secret.ts";
import { checkCredential } from "../domain/endpoint-fields.ts";
import type { GlobusConfig } from "../domain/identity-config.ts";
import { type Environment, readVariable } from "./environment.ts";
import { checkClientId, checkProviderUrl } from "./identity-schema.ts";
import { memberName, readJsonObject } from "./json-variable.ts";
import { parseList, readList } from "./list-variable.ts";

const rules = [
  "GLOBUS_POLICIES",
  "GLOBUS_GROUPS",
  "AUTHORIZED_IDP_DOMAINS",
  "AUTHORIZED_GROUPS_PER_IDP",
  "AUTHORIZED_GLOBUS_SERVICE_USERNAMES",
] as const;

/** Null: Globus is not set up. What is wrong goes to `problems`, what is odd to `warnings`; neither repeats a value. */
export function readGlobus(env: Environment, problems: string[], warnings: string[]): GlobusConfig | null {
  const domains = readList(env, "AUTHORIZED_IDP_DOMAINS", checkDomain, problems).map((domain) => domain.toLowerCase());
  const groupsByDomain = readGroupsByDomain(env, problems);
  const read = {
    authUrl: readUrl(env, "HEADGATE_GLOBUS_AUTH_URL", "https://auth.globus.org", problems),
    groupsUrl: readUrl(env, "HEADGATE_GLOBUS_GROUPS_URL", "https://groups.api.globus.org", problems),
    policies: readList(env, "GLOBUS_POLICIES", checkWord, problems),
    groups: readList(env, "GLOBUS_GROUPS", checkWord, problems),
    domains: [...new Set(domains)],
    groupsByDomain,
    serviceUsernames: readList(env, "AUTHORIZED_GLOBUS_SERVICE_USERNAMES", checkWord, problems),
  };
  const client = readClient(env, problems);
  if (client === null) {
    // A rule that nobody enforces looks like one that is enforced.
    for (const name of rules.filter((rule) => holdsSomething(env, rule))) {
      problems.push(`${name}: is a rule about Globus users, and without GLOBUS_APPLICATION_ID nothing would enforce it`);
    }
    for (const name of ["HEADGATE_GLOBUS_AUTH_URL", "HEADGATE_GLOBUS_GROUPS_URL"]) {
      if (readVariable(env, name) !== undefined) warnings.push(`${name} is set, but does nothing without GLOBUS_APPLICATION_ID`);
    }
    return null;
  }
  for (const domain of domains.length === 0 ? [] : groupsByDomain.keys()) {
    if (!domains.includes(domain)) {
      warnings.push(
        `AUTHORIZED_GROUPS_PER_IDP has a rule for ${domain}, but AUTHORIZED_IDP_DOMAINS lets nobody of that domain in`,
      );
    }
  }
  return { ...client, ...read };
}

function holdsSomething(env: Environment, name: string): boolean {
  const value = readVariable(env, name);
  return value !== undefined && !/^[[{]\s*[\]}]$/.test(value);
}

/** Both or neither. */
function readClient(env: Environment, problems: string[]): Pick<GlobusConfig, "clientId" | "clientSecret"> | null {
  const clientId = readVariable(env, "GLOBUS_APPLICATION_ID");
  const clientSecret = readVariable(env, "GLOBUS_APPLICATION_SECRET");
  if (clientId === undefined && clientSecret === undefined) return null;
  const wrongId = clientId === undefined ? "is missing, but GLOBUS_APPLICATION_SECRET is set" : checkClientId(clientId);
  if (wrongId !== null) problems.push(`GLOBUS_APPLICATION_ID: ${wrongId}`);
  const wrongSecret = clientSecret === undefined ? "is missing, but GLOBUS_APPLICATION_ID is set" : checkCredential(clientSecret);
  if (wrongSecret !== null) problems.push(`GLOBUS_APPLICATION_SECRET: ${wrongSecret}`);
  return { clientId: clientId ?? "", clientSecret: new Secret(clientSecret ?? "") };
}

function readGroupsByDomain(env: Environment, problems: string[]): Map<string, readonly string[]> {
  const variable = "AUTHORIZED_GROUPS_PER_IDP";
  const groupsByDomain = new Map<string, readonly string[]>();
  const members = readJsonObject(env, variable, "domain to groups", problems) ?? [];
  for (const [index, [name, value]] of members.entries()) {
    const where = `${variable}: ${memberName(name, index)}`;
    const wrong = checkDomain(name);
    const domain = name.toLowerCase();
    if (wrong !== null) problems.push(`${where} ${wrong}`);
    else if (groupsByDomain.has(domain)) problems.push(`${where} is there twice`);
    else if (typeof value !== "string" && !Array.isArray(value)) problems.push(`${where} must have a text or a list of groups`);
    else {
      const problemsBefore = problems.length;
      const groups = parseList(value, where, checkWord, problems);
      if (groups.length === 0 && problems.length === problemsBefore) problems.push(`${where}: holds no group`);
      groupsByDomain.set(domain, groups);
    }
  }
  return groupsByDomain;
}

function readUrl(env: Environment, name: string, fallback: string, problems: string[]): string {
  const url = readVariable(env, name) ?? fallback;
  const wrong = checkProviderUrl(url);
  if (wrong !== null) problems.push(`${name}: ${wrong}`);
  return url.replace(/\/+$/, "");
}

function checkDomain(text: string): string | null {
  return /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text) ? null : "must be a domain such as uni.edu, without '@'";
}

/** A group's, a policy's or a user's name. Brackets and quotes are left over from another way to write a list. */
function checkWord(text: string): string | null {
  return /^[^\s"'`,;<>()[\]{}\\]{1,256}$/.test(text) ? null : "must be one word without quotes or brackets";
}
