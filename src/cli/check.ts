// `headgate check`: is the configuration right, the database there, and does every endpoint answer? Changes nothing.
import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import type { LoadedConfig } from "../config/load.ts";
import { readSecretKeyFile, secretKeyPath } from "../config/secret-key.ts";
import { type ListTarget, listTargetOf } from "../control/discovery/list-target.ts";
import { ListingFailed } from "../control/discovery/listing.ts";
import { validateEndpoint } from "../control/discovery/validate-endpoint.ts";
import { checkSecretKeyId, secretKeyIdMeta } from "../control/secret-key-id.ts";
import { Cipher } from "../core/cipher.ts";
import { inferDialect } from "../domain/dialect.ts";
import type { EndpointSeed } from "../domain/seeds.ts";
import { defaultTimeouts } from "../domain/timeouts.ts";
import type { Storage } from "../storage/ports/storage.ts";
import { CommandFailed, type CommandIo, type SharedOptions } from "./command.ts";
import { describeFailure } from "./describe-failure.ts";
import { databaseInWords, hasDatabase, loadForCommand, withStorage } from "./open-command-storage.ts";

interface Finding {
  ok: boolean;
  subject: string;
  detail: string;
}

/** How many endpoints are asked at a time. */
const atOnce = 8;

/** Prints a table; throws CommandFailed when a line of it is bad. */
export async function check(options: SharedOptions, io: CommandIo): Promise<void> {
  const loaded = loadForCommand(options, io);
  const findings: Finding[] = [
    { ok: true, subject: "configuration", detail: loaded.configPath ?? "no file: defaults and environment" },
  ];
  const secretKey = findSecretKey(loaded, findings);
  const cipher = secretKey === null ? null : new Cipher(secretKey);
  if (hasDatabase(loaded)) {
    try {
      await withStorage(loaded, (storage) => checkDatabase(storage, loaded, cipher, findings));
    } catch (error) {
      findings.push({ ok: false, subject: "database", detail: `${databaseInWords(loaded)}: ${describeFailure(error)}` });
    }
  } else {
    findings.push(checkDataDir(loaded));
    await checkEndpoints(loaded.config.endpoints.map(seedTarget), findings);
  }
  io.print(table(findings));
  const bad = findings.filter(({ ok }) => !ok).length;
  if (bad > 0) throw new CommandFailed(bad === 1 ? "One check failed." : `${bad} checks failed.`);
}

function findSecretKey({ config, dataDir, envSecretKey }: LoadedConfig, findings: Finding[]) {
  const subject = "secret key";
  if (envSecretKey !== null) {
    findings.push({ ok: true, subject, detail: "HEADGATE_SECRET_KEY" });
    return envSecretKey;
  }
  if (config.database.url !== null) {
    findings.push({
      ok: false,
      subject,
      detail: "HEADGATE_SECRET_KEY is required with PostgreSQL; `openssl rand -hex 32` makes one",
    });
    return null;
  }
  try {
    const key = readSecretKeyFile(secretKeyPath(dataDir));
    findings.push({ ok: true, subject, detail: key === null ? "the first start makes one" : secretKeyPath(dataDir) });
    return key;
  } catch (error) {
    findings.push({ ok: false, subject, detail: describeFailure(error) });
    return null;
  }
}

async function checkDatabase(storage: Storage, loaded: LoadedConfig, cipher: Cipher | null, findings: Finding[]): Promise<void> {
  const where = databaseInWords(loaded);
  await storage.ping();
  const pending = await storage.pendingMigrations();
  const detail =
    pending.length === 0 ? where : `${where}; the next start applies ${pending.length} migrations: ${pending.join(", ")}`;
  findings.push({ ok: true, subject: "database", detail });
  if (pending.length > 0) return checkEndpoints(loaded.config.endpoints.map(seedTarget), findings);
  if (cipher === null) return;
  if ((await storage.meta.get(secretKeyIdMeta)) !== null) await checkSecretKeyId(storage, cipher);
  const rows = await storage.endpoints.all();
  await checkEndpoints(
    rows.map((row) => ({ name: row.name, target: () => listTargetOf(row, cipher) })),
    findings,
  );
}

/** Without a database yet, the first start has to be able to make one. */
function checkDataDir({ dataDir }: LoadedConfig): Finding {
  let folder = dataDir;
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return { ok: true, subject: "database", detail: `none in ${dataDir} yet; the first start makes it` };
  } catch {
    return { ok: false, subject: "database", detail: `${folder} may not be written by this user` };
  }
}

interface NamedTarget {
  name: string;
  target: () => ListTarget;
}

function seedTarget(seed: EndpointSeed): NamedTarget {
  const target: ListTarget = {
    url: seed.url,
    baseUrl: null,
    dialect: seed.dialect ?? inferDialect(new URL(seed.url)),
    credential: seed.apiKey,
    authHeaderName: seed.authHeaderName,
    authHeaderPrefix: seed.authHeaderPrefix,
    headers: seed.headers,
    query: seed.query,
    connectTimeoutMs: seed.timeouts.connectMs ?? defaultTimeouts.connectMs,
  };
  return { name: seed.name, target: () => target };
}

async function checkEndpoints(targets: readonly NamedTarget[], findings: Finding[]): Promise<void> {
  for (let from = 0; from < targets.length; from += atOnce) {
    findings.push(...(await Promise.all(targets.slice(from, from + atOnce).map(checkEndpoint))));
  }
}

async function checkEndpoint({ name, target }: NamedTarget): Promise<Finding> {
  const subject = `endpoint ${name}`;
  try {
    const { ok, stage, message, hint, latency_ms } = await validateEndpoint(target());
    const detail = ok ? `${message} (${latency_ms} ms)` : [`${stage}: ${message}`, hint].filter(Boolean).join(" ");
    return { ok, subject, detail };
  } catch (error) {
    if (!(error instanceof ListingFailed)) throw error;
    return { ok: false, subject, detail: error.message };
  }
}

function table(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  return findings.map(({ ok, subject, detail }) => `${ok ? "ok  " : "FAIL"}  ${subject.padEnd(width)}  ${detail}`).join("\n");
}
