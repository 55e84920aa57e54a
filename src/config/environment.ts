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
  HEADGATE_LOG_LEVEL: { key: "log.level", meaning: "The least severe log lines that are written." },
  HEADGATE_WORKERS: {
    key: "server.workers",
    meaning: "The number of worker processes; this version runs one whatever the value.",
  },
};

/** Variables of parts that this version lacks: set, they earn a warning, since somebody may count on them. */
const notYetVariables = [
  "HEADGATE_REDIS_URL",
  "HEADGATE_MANIFEST_INTERVAL",
  "HEADGATE_MANIFEST_HEADERS",
  "HEADGATE_GLOBUS_AUTH_URL",
  "HEADGATE_GLOBUS_GROUPS_URL",
  "METIS_STATUS_URL",
  "METIS_API_TOKENS",
  "GLOBUS_APPLICATION_ID",
  "GLOBUS_APPLICATION_SECRET",
  "GLOBUS_GROUPS",
  "GLOBUS_POLICIES",
  "AUTHORIZED_IDP_DOMAINS",
  "AUTHORIZED_GROUPS_PER_IDP",
  "RATE_LIMIT_PER_SEC_PER_USER",
];

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

/** What is odd about the environment but no reason to stop. */
export function environmentWarnings(env: Environment): string[] {
  const warnings: string[] = [];
  for (const name of notYetVariables) {
    if (readVariable(env, name) !== undefined) warnings.push(`${name} is set, but this version of Headgate doesn't use it yet`);
  }
  const known = Object.keys(environmentVariables);
  for (const name of Object.keys(env)) {
    if (!name.startsWith("HEADGATE_") || known.includes(name) || notYetVariables.includes(name)) continue;
    const [nearest] = known
      .map((other) => ({ other, distance: editDistance(name, other) }))
      .sort((a, b) => a.distance - b.distance);
    warnings.push(`${name.slice(0, 64)} is set, but Headgate knows no such variable; the nearest is ${nearest?.other}`);
  }
  return warnings;
}
