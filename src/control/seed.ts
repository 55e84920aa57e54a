// What the config file says about endpoints and keys, taken over once, when the database is new.
import type { Cipher } from "../core/cipher.ts";
import { HeadgateError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { newApiKey } from "../domain/api-key.ts";
import { inferDialect } from "../domain/dialect.ts";
import { limitsColumnOf } from "../domain/limits.ts";
import type { EndpointSeed, KeySeed } from "../domain/seeds.ts";
import type { EndpointRow } from "../storage/ports/endpoints.ts";
import type { KeyRow } from "../storage/ports/keys.ts";
import type { Repositories, Storage } from "../storage/ports/storage.ts";
import { auditedEndpoint } from "./admin/endpoints/record-endpoint.ts";
import { presentKey } from "./admin/keys/present.ts";
import { recordChange } from "./audit/record-change.ts";
import { pinModels } from "./discovery/pin-models.ts";
import { staticConflicts } from "./discovery/static-conflicts.ts";
import { newKeyRow } from "./new-key-row.ts";

const seededAt = "seeded_at";
const firstAdminTokenAt = "first_admin_token_at";

export interface SeedResult {
  /** False: the database had been seeded before, and nothing was changed. */
  seeded: boolean;
  endpointIds: string[];
}

export interface SeedOptions {
  storage: Storage;
  cipher: Cipher;
  endpoints: readonly EndpointSeed[];
  keys: readonly KeySeed[];
  nowMs: number;
}

/** Seeds a new database in one transaction; throws HeadgateError alias_conflict when the file's own aliases collide. */
export function seed(options: SeedOptions): Promise<SeedResult> {
  return options.storage.transaction(async (tx) => {
    // Of several replicas that start at once, one does it while the others wait.
    if (!(await tx.meta.claim(seededAt, String(options.nowMs)))) return { seeded: false, endpointIds: [] };
    const endpointIds: string[] = [];
    for (const endpoint of options.endpoints) endpointIds.push(await seedEndpoint(tx, endpoint, options));
    for (const key of options.keys) await insertKey(tx, seededKey(key, options.nowMs), "config");
    await tx.meta.bumpConfigVersion();
    return { seeded: true, endpointIds };
  });
}

/** The first administrator token, to be shown once; null when one has been issued before. */
export function issueFirstAdminToken(storage: Storage, nowMs: number): Promise<string | null> {
  return storage.transaction(async (tx) => {
    if (!(await tx.meta.claim(firstAdminTokenAt, String(nowMs)))) return null;
    const token = await createAdminToken(tx, "first administrator", "start", nowMs);
    await tx.meta.bumpConfigVersion();
    return token;
  });
}

async function seedEndpoint(tx: Repositories, given: EndpointSeed, { cipher, nowMs }: SeedOptions): Promise<string> {
  const conflicts = staticConflicts({ selection: given.models, aliases: given.aliases, reservedNames: new Set() });
  if (conflicts.length > 0) {
    const message = `The aliases of endpoint '${given.name}' collide: ${conflicts.map((found) => `${found.model} → ${found.alias}`).join(", ")}.`;
    throw new HeadgateError("alias_conflict", { message, conflicts });
  }
  const id = newId("ep");
  const row: EndpointRow = {
    id,
    name: given.name,
    description: given.description,
    url: given.url,
    base_url: null,
    dialect: given.dialect ?? inferDialect(new URL(given.url)),
    api_key_ciphertext: given.apiKey === null ? null : cipher.encrypt(given.apiKey.expose(), `endpoint:${id}:api_key`),
    auth_header_name: given.authHeaderName,
    auth_header_prefix: given.authHeaderPrefix,
    headers: JSON.stringify(given.headers),
    query: JSON.stringify(given.query),
    models: JSON.stringify(given.models),
    aliases: JSON.stringify(given.aliases),
    sync_interval_ms: given.syncIntervalMs,
    timeouts: JSON.stringify(given.timeouts),
    weight: given.weight,
    probe: given.probe === null ? null : JSON.stringify(given.probe),
    groups: null,
    origin: "config",
    manifest_id: null,
    manifest_key: null,
    guard_signature: null,
    guard_count: 0,
    created_at: nowMs,
    updated_at: nowMs,
    version: 1,
  };
  await tx.endpoints.insert(row);
  await pinModels(tx, row);
  await recordChange(tx, {
    actor: { kind: "system", name: "config" },
    requestId: null,
    action: "endpoint.create",
    resource: { kind: "endpoint", id, name: row.name },
    before: null,
    after: await auditedEndpoint(tx, row),
    nowMs,
  });
  return id;
}

async function insertKey(tx: Repositories, row: KeyRow, actorName: string): Promise<void> {
  await tx.keys.insert(row);
  await recordChange(tx, {
    actor: { kind: "system", name: actorName },
    requestId: null,
    action: "key.create",
    resource: { kind: "key", id: row.id, name: row.name },
    before: null,
    after: presentKey(row),
    nowMs: row.created_at,
  });
}

function seededKey(given: KeySeed, nowMs: number): KeyRow {
  const { name, scopes } = given;
  return {
    // No part of a key that somebody chose is fit to be shown.
    ...newKeyRow({ name, key: given.key.expose(), prefix: "custom", scopes, origin: "config", nowMs }),
    models: given.models === null ? null : JSON.stringify(given.models),
    expires_at: given.expiresAtMs,
    limits: limitsColumnOf(given.limits),
  };
}

/** A new key with administrator rights; returns its text, which is stored nowhere. The caller raises the configuration's version. */
export async function createAdminToken(
  repositories: Repositories,
  name: string,
  origin: "cli" | "start",
  nowMs: number,
): Promise<string> {
  const made = newApiKey();
  const row = newKeyRow({ name, ...made, scopes: ["admin"], origin, nowMs });
  await insertKey(repositories, row, origin === "cli" ? "command line" : "first start");
  return made.key;
}
