// The environment variables Headgate reads: what each sets, and the `.env` file that may hold them.
import { parse } from "dotenv";
import { editDistance } from "./known-keys.ts";
import { readOptionalFile } from "./read-file.ts";
import { withoutQuotes } from "./substitute-variables.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

interface Variable {
  /** The config key that it beats; null: there is no such key. */
  key: string | null;
  /** The option of the command line that beats it. */
  option?: string;
  meaning: string;
}

/** In the order of the manual. */
export const environmentVariables: Readonly<Record<string, Variable>> = {
  HEADGATE_CONFIG: {
    key: null,
    option: "--config",
    meaning: "The config file. Default: `headgate.yaml` in the working directory, if there is one.",
  },
  HEADGATE_HOST: { key: "server.host", option: "--host", meaning: "The address to listen on." },
  HEADGATE_PORT: { key: "server.port", option: "--port", meaning: "The port to listen on." },
  HEADGATE_DATA_DIR: { key: null, option: "--data-dir", meaning: "Where Headgate keeps its files. Default: `./data`." },
  HEADGATE_DATABASE_URL: { key: "database.url", meaning: "A PostgreSQL database. Default: SQLite in the data directory." },
  HEADGATE_REDIS_URL: {
    key: "redis.url",
    meaning: "A Redis that several Headgates share. Default: none, for one process alone.",
  },
  HEADGATE_SECRET_KEY: {
    key: null,
    meaning:
      "Encrypts providers' keys at rest: any text of 32 characters or more. Default with SQLite: generated once into `secret.key` in the data directory; required with PostgreSQL.",
  },
  HEADGATE_NEW_SECRET_KEY: {
    key: null,
    meaning: "The key that `headgate rotate-secret` changes to. Read by that command alone.",
  },
  HEADGATE_ADMIN_TOKEN: { key: null, meaning: "A bearer token with full rights in the admin API, for automation." },
  HEADGATE_URL: {
    key: null,
    option: "--url",
    meaning:
      "The Headgate that `headgate endpoints`, `models`, `keys` and `usage` ask. Default: the one that this configuration sets up, on this machine.",
  },
  HEADGATE_TOKEN: {
    key: null,
    option: "--token-file",
    meaning: "The token that these commands send. Default: HEADGATE_ADMIN_TOKEN.",
  },
  HEADGATE_LOG_LEVEL: { key: "log.level", meaning: "The least severe log lines that are written." },
  HEADGATE_WORKERS: {
    key: "server.workers",
    meaning: "How many processes serve calls.",
  },
  METIS_STATUS_URL: {
    key: null,
    meaning:
      "Where the status manifest is: a URL (`user:password@` in it becomes basic authentication) or the path of a file. It makes a manifest named `metis`.",
  },
  METIS_API_TOKENS: {
    key: null,
    meaning:
      "The providers' keys for that manifest: a JSON object of `endpoint_id` to key. An entry without a key is not called.",
  },
  HEADGATE_MANIFEST_INTERVAL: {
    key: null,
    meaning: "The time between two looks at that manifest; from `1s` to `1h`. Default: `30s`.",
  },
  HEADGATE_MANIFEST_HEADERS: {
    key: null,
    meaning: "Headers sent when that manifest is fetched, for servers that want a credential: a JSON object of name to value.",
  },
  GLOBUS_APPLICATION_ID: {
    key: null,
    meaning: "The client id of the Globus application that asks about callers' tokens. Callers may then come with Globus tokens.",
  },
  GLOBUS_APPLICATION_SECRET: { key: null, meaning: "The secret of that application." },
  GLOBUS_POLICIES: { key: null, meaning: "A list of Globus authentication policies that a caller's session must all satisfy." },
  GLOBUS_GROUPS: { key: null, meaning: "A list of Globus groups (ids) of which a caller must be in at least one." },
  AUTHORIZED_IDP_DOMAINS: {
    key: null,
    meaning: "A list of domains (`uni.edu`); a caller's session must have an identity of one of them.",
  },
  AUTHORIZED_GROUPS_PER_IDP: {
    key: null,
    meaning:
      "A JSON object of domain to a list of Globus groups: callers of that domain must be in at least one of them. Callers of other domains are not concerned.",
  },
  AUTHORIZED_GLOBUS_SERVICE_USERNAMES: {
    key: null,
    meaning: "A list of usernames of service accounts, which have no session: rules about domains and policies leave them out.",
  },
  RATE_LIMIT_PER_SEC_PER_USER: {
    key: null,
    meaning:
      "The most requests in any second of each caller who is proven by a token and has no rate of their own: a whole number from 1. Default: no limit.",
  },
  HEADGATE_GLOBUS_AUTH_URL: {
    key: null,
    meaning: "Where Globus Auth is. Default: `https://auth.globus.org`. For tests and other instances.",
  },
  HEADGATE_GLOBUS_GROUPS_URL: {
    key: null,
    meaning: "Where Globus Groups is. Default: `https://groups.api.globus.org`.",
  },
};

/** A variable's value without one pair of quotes around it; undefined when it is unset or empty. */
export function readVariable(env: Environment, name: string): string | undefined {
  const value = env[name];
  const bare = value === undefined ? "" : withoutQuotes(value.trim());
  return bare === "" ? undefined : bare;
}

/** The variables of a `.env` file; null when there is no such file. */
export function readEnvFile(path: string): Record<string, string> | null {
  const content = readOptionalFile(path);
  return content === null ? null : parse(content);
}

/** Others use variables that begin like these too, so only what is nearly one of ours is taken for a mistake. */
const sharedPrefix = /^(METIS|GLOBUS|AUTHORIZED|RATE_LIMIT)_/;

/** What is odd about the environment but no reason to stop. */
export function environmentWarnings(env: Environment): string[] {
  const warnings: string[] = [];
  const known = Object.keys(environmentVariables);
  for (const name of Object.keys(env)) {
    const isOurs = name.startsWith("HEADGATE_");
    if (!(isOurs || sharedPrefix.test(name)) || known.includes(name)) continue;
    const [nearest] = known
      .map((other) => ({ other, distance: editDistance(name, other) }))
      .sort((a, b) => a.distance - b.distance);
    if (nearest === undefined || (!isOurs && nearest.distance > 2)) continue;
    warnings.push(`${name.slice(0, 64)} is set, but Headgate knows no such variable; the nearest is ${nearest.other}`);
  }
  return warnings;
}
