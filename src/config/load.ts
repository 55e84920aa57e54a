// Puts the configuration together: defaults, then the file, then the environment, then the command line; all that is wrong in one error.
import { dirname, resolve } from "node:path";
import { Secret } from "../core/secret.ts";
import { checkCredential } from "../domain/endpoint-fields.ts";
import { type Limits, noLimits } from "../domain/limits.ts";
import type { ManifestSeed } from "../domain/seeds.ts";
import { checkAcrossKeys } from "./check-across-keys.ts";
import { type Config, toConfig } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { describeIssues } from "./describe-issues.ts";
import { type Environment, environmentVariables, environmentWarnings, readEnvFile, readVariable } from "./environment.ts";
import { readGlobus } from "./globus-variables.ts";
import { checkIdentity, toIdentityConfig } from "./identity-sources.ts";
import { checkRequestRate } from "./limits-schema.ts";
import { environmentManifestName, manifestOfEnvironment, manifestsOfFile } from "./manifest-seeds.ts";
import { parseYaml, readOptionalFile } from "./read-file.ts";
import { configSchema } from "./schema.ts";
import { substituteVariables } from "./substitute-variables.ts";

/** The options of the command line, as typed. */
export interface ConfigOverrides {
  config?: string | undefined;
  host?: string | undefined;
  port?: string | undefined;
  dataDir?: string | undefined;
}

export interface ConfigRequest {
  overrides?: ConfigOverrides;
  /** Default: this process's. Never changed. */
  env?: Environment;
  /** Default: this process's. */
  cwd?: string;
  /** False: only a file that `overrides` names is read; no headgate.yaml, `.env` or HEADGATE_CONFIG is looked for. Default true. */
  searchFiles?: boolean;
  /** What `findFiles` found earlier: nothing is read again. */
  found?: FoundFiles;
}

/** What a configuration is made of, as it was read. */
export interface FoundFiles {
  /** With the variables of `.env`. */
  env: Environment;
  configPath: string | null;
  text: string | null;
}

export interface LoadedConfig {
  config: Config;
  /** Absolute; null when no file was read. */
  configPath: string | null;
  /** Absolute; not created yet. */
  dataDir: string;
  /** HEADGATE_SECRET_KEY; null when it is not set. */
  envSecretKey: Secret | null;
  /** HEADGATE_NEW_SECRET_KEY, for `rotate-secret`; null when it is not set. */
  envNewSecretKey: Secret | null;
  /** What is odd but no reason to stop; without secrets. */
  warnings: string[];
}

/** What another process needs to load the same configuration, whatever has become of the files meanwhile. Throws ConfigError. */
export function findConfig(request: ConfigRequest = {}): Required<Pick<ConfigRequest, "overrides" | "cwd" | "found">> {
  const { overrides = {}, env = process.env, cwd = process.cwd(), searchFiles = true } = request;
  const isWithoutFiles = !searchFiles && overrides.config === undefined;
  return { overrides, cwd, found: isWithoutFiles ? { env, configPath: null, text: null } : findFiles(overrides, env, cwd) };
}

/** Throws ConfigError with everything that is wrong. */
export function loadConfig(request: ConfigRequest = {}): LoadedConfig {
  const { overrides = {}, cwd = process.cwd() } = request;
  const { env, configPath, text } = request.found ?? findConfig(request).found;
  const problems: string[] = [];

  const unresolved = new Map<string, string>();
  const written = text === null ? {} : parseYaml(text, configPath as string);
  const values = substituteVariables(written, env, unresolved) as Record<string, unknown>;
  for (const [path, problem] of unresolved) problems.push(`${path}: ${problem}`);

  const labels = applyOverrides(values, env, overrides);
  const parsed = configSchema.safeParse(values);
  if (!parsed.success) {
    // a value whose variable is missing has been complained about already
    problems.push(
      ...describeIssues(parsed.error.issues, labels).filter((line) => !unresolved.has(line.split(": ", 1)[0] as string)),
    );
  }
  problems.push(...checkAcrossKeys(values));

  const envSecretKey = readSecretKey(env, "HEADGATE_SECRET_KEY", problems);
  const envNewSecretKey = readSecretKey(env, "HEADGATE_NEW_SECRET_KEY", problems);
  const warnings = environmentWarnings(env);
  const adminToken = readAdminToken(env, problems, warnings);

  const userDefaultLimits = readUserLimits(env, problems);
  const globus = readGlobus(env, problems, warnings);
  const surroundings = { directory: configPath === null ? cwd : dirname(configPath), problems, warnings };
  const fromEnvironment = manifestOfEnvironment(env, surroundings);
  if (!parsed.success) throw new ConfigError(problems, configPath);

  const identity = toIdentityConfig(parsed.data.identity, globus);
  if (parsed.data.redis.url !== undefined && parsed.data.database.url === undefined) {
    warnings.push(
      "redis.url is set, but database.url is not: the other Headgates of that Redis have accounts of their own in their own SQLite, and budgets can't be right; use PostgreSQL with it",
    );
  }
  checkIdentity(identity, { requireRule: parsed.data.identity.require_rule, problems, warnings });
  const manifests = withEnvironment(manifestsOfFile(parsed.data.manifests, surroundings), fromEnvironment, problems);
  if (problems.length > 0) throw new ConfigError(problems, configPath);
  return {
    config: toConfig(parsed.data, { adminToken, identity, manifests, userDefaultLimits }),
    configPath,
    dataDir: resolve(cwd, overrides.dataDir ?? readVariable(env, "HEADGATE_DATA_DIR") ?? "data"),
    envSecretKey,
    envNewSecretKey,
    warnings,
  };
}

/**
 * Finds the config file and the `.env` file beside it (or, failing that, in the working directory, whose `.env` may
 * also name the config file). The process's own variables win over either.
 */
export function findFiles(overrides: ConfigOverrides, processEnv: Environment, cwd: string): FoundFiles {
  const envFileHere = readEnvFile(resolve(cwd, ".env")) ?? {};
  const named = overrides.config ?? readVariable({ ...envFileHere, ...processEnv }, "HEADGATE_CONFIG");
  const path = resolve(cwd, named ?? "headgate.yaml");
  const text = readOptionalFile(path);
  if (text === null && named !== undefined) throw new ConfigError([`there is no config file at ${path}`]);
  const envFile = (text === null ? null : readEnvFile(resolve(dirname(path), ".env"))) ?? envFileHere;
  return { env: { ...envFile, ...processEnv } as Environment, configPath: text === null ? null : path, text };
}

/** Writes variables and options over the file's values; returns which key then comes from where. */
function applyOverrides(values: Record<string, unknown>, env: Environment, overrides: ConfigOverrides): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [name, { key }] of Object.entries(environmentVariables)) {
    const value = readVariable(env, name);
    if (key !== null && value !== undefined && setKey(values, key, value)) labels.set(key, name);
  }
  if (overrides.host !== undefined && setKey(values, "server.host", overrides.host)) labels.set("server.host", "--host");
  if (overrides.port !== undefined && setKey(values, "server.port", overrides.port)) labels.set("server.port", "--port");
  return labels;
}

/** Sets `section.key`; false when the file has something there that is no section, which the schema then complains about. */
function setKey(values: Record<string, unknown>, path: string, value: string): boolean {
  const [section, key] = path.split(".") as [string, string];
  values[section] ??= {};
  const target = values[section];
  if (typeof target !== "object" || target === null || Array.isArray(target)) return false;
  (target as Record<string, unknown>)[key] = value;
  return true;
}

function readSecretKey(env: Environment, name: string, problems: string[]): Secret | null {
  const value = readVariable(env, name);
  if (value === undefined) return null;
  if (value.length < 32)
    problems.push(`${name}: must be at least 32 characters (it has ${value.length}); \`openssl rand -hex 32\` makes one`);
  return new Secret(value);
}

function readAdminToken(env: Environment, problems: string[], warnings: string[]): Secret | null {
  const value = readVariable(env, "HEADGATE_ADMIN_TOKEN");
  if (value === undefined) return null;
  const wrong = checkCredential(value);
  if (wrong !== null) problems.push(`HEADGATE_ADMIN_TOKEN: ${wrong}`);
  else if (value.length < 16) warnings.push("HEADGATE_ADMIN_TOKEN is short enough to be guessed; use 16 characters or more");
  return new Secret(value);
}

function readUserLimits(env: Environment, problems: string[]): Limits {
  const value = readVariable(env, "RATE_LIMIT_PER_SEC_PER_USER");
  if (value === undefined) return noLimits;
  const wrong = checkRequestRate(/^\d{1,9}$/.test(value) ? Number(value) : 0);
  if (wrong !== null) problems.push(`RATE_LIMIT_PER_SEC_PER_USER: ${wrong} (leave it out for no limit)`);
  return { ...noLimits, requestsPerSecond: Number(value) };
}

/** All manifests; two of one name would be one row. */
function withEnvironment(ofFile: ManifestSeed[], ofEnvironment: ManifestSeed | null, problems: string[]): ManifestSeed[] {
  if (ofEnvironment === null) return ofFile;
  const index = ofFile.findIndex(({ name }) => name === environmentManifestName);
  if (index >= 0) {
    problems.push(
      `METIS_STATUS_URL: makes a manifest named ${environmentManifestName}, and manifests[${index}] of the file has that name too; keep one of them`,
    );
  }
  return [...ofFile, ofEnvironment];
}
