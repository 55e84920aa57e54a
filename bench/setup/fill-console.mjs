// A database as a large installation's after a month: people, keys, models, and the ledger of what was called.
import pg from "pg";
import { importPart } from "./import-part.mjs";

const dayMs = 86_400_000;
const rowsPerBatch = 5000;
const endpointCount = 20;
/** Every so many models are on a second endpoint too; every so many are virtual. */
const secondEvery = 3;
const virtualEvery = 50;

/**
 * Fills the database at `location` (as storage/open-storage.ts takes it) by the built program's own parts, so that roll-ups are right.
 * @param {string} headgatePath the build's dist/main.js
 * @param {{ databaseUrl: string | null, dataDir: string }} location
 * @param {{ keys: number, models: number, users: number, groups: number, requests: number, days: number }} size
 * @param {(text: string) => void} say
 * @param {{ url: string, keyOf: (index: number) => string } | null} live null: only to be looked at; else the keys and models can be used,
 * all of which are on one endpoint at `url`
 * @returns {Promise<{ modelNames: string[], managers: Record<string, string>, memberId: string, keyId: string, groupId: string, model: string, requestId: string }>} ids of users and what they have
 */
export async function fillConsole(headgatePath, location, size, say, live = null) {
  const { openStorage } = await importPart(headgatePath, "storage/open-storage.js");
  const { digestApiKey } = await importPart(headgatePath, "domain/api-key.js");
  const usable = live === null ? null : { url: live.url, digestOf: (index) => digestApiKey(live.keyOf(index)) };
  const storage = await openStorage(location);
  try {
    await storage.migrate();
    const made = await storage.transaction((repositories) => fillConfiguration(repositories, size, usable));
    const startMs = Date.now() - size.days * dayMs;
    for (let first = 0; first < size.requests; first += rowsPerBatch) {
      const count = Math.min(rowsPerBatch, size.requests - first);
      const records = Array.from({ length: count }, (_, index) =>
        requestOf(made, first + index, startMs + ((first + index) * size.days * dayMs) / size.requests),
      ).flat();
      await storage.ledger.ingest(records);
      if (first % (rowsPerBatch * 40) === 0)
        say(`${first.toLocaleString("en-US")} of ${size.requests.toLocaleString("en-US")} requests`);
    }
    // As a running Headgate has done for the days that are over.
    await storage.ledger.sumDays(Date.now());
    if (location.databaseUrl !== null) await lookAfter(location.databaseUrl);
    return made.known;
  } finally {
    await storage.close();
  }
}

/** What autovacuum does within minutes: tables that were filled just now have no statistics yet, and it would begin amid the measuring. */
async function lookAfter(databaseUrl) {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await client.query("vacuum analyze");
  } finally {
    await client.end();
  }
}

async function fillConfiguration(repositories, size, usable) {
  const nowMs = Date.now();
  const times = { created_at: nowMs, updated_at: nowMs, version: 1 };
  const { users, groups, keys, endpoints, models, deployments, modelTargets, meta } = repositories;
  const groupIds = numbered("grp", size.groups);
  for (const [index, id] of groupIds.entries()) {
    await groups.insert({
      id,
      name: `Team ${index} ${words(index)}`,
      models: '["*"]',
      source: null,
      external_id: null,
      limits: null,
      bodies: null,
      ...times,
    });
  }
  const userIds = numbered("usr", size.users);
  const groupOf = (index) => groupIds[groupIndex(index, size)];
  for (const [index, id] of userIds.entries()) {
    await users.insert({
      id,
      name: `${words(index)} ${index}`,
      email: `person${index}@uni.test`,
      username: null,
      role: index < 2 ? "group_manager" : "member",
      source: "local",
      subject: null,
      primary_group_id: groupOf(index),
      limits: null,
      last_seen_at: nowMs,
      password_hash: null,
      disabled_at: null,
      ...times,
    });
    await groups.addMember({ group_id: groupOf(index), user_id: id, source: "admin", created_at: nowMs });
  }
  const keyRows = numbered("key", size.keys).map((id, index) => ({
    id,
    name: `${words(index * 7)} key ${index}`,
    prefix: `sk-hg-${String(index).padStart(10, "0")}`,
    digest: usable?.digestOf(index) ?? `digest of ${id}`,
    previous_digest: null,
    previous_expires_at: null,
    user_id: userIds[index % userIds.length],
    group_id: groupOf(index % userIds.length),
    models: null,
    scopes: '["inference"]',
    expires_at: null,
    limits: null,
    bodies: null,
    origin: "admin",
    deleted_at: null,
    ...times,
    created_at: nowMs - index * 1000,
  }));
  for (const row of keyRows) await keys.insert(row);
  const endpointIds = numbered("ep", usable === null ? endpointCount : 1);
  const columns = usable === null ? endpointColumns : { ...endpointColumns, url: usable.url };
  for (const [index, id] of endpointIds.entries()) await endpoints.insert({ ...columns, id, name: `filled-${index}`, ...times });
  const targets = [];
  const deployment = async (index, endpoint, model_id, name) => {
    const id = `dep_${model_id}_${endpoint}`;
    const state = {
      source: "static",
      status: usable === null && index % 20 === 7 ? "offline" : "active",
      reason: null,
      since: nowMs,
      removed_at: null,
    };
    const { version: _, ...both } = times;
    await deployments.insert({ id, endpoint_id: endpointIds[endpoint], model_id, upstream_model: name, ...state, ...both });
    return { id, endpointId: endpointIds[endpoint], endpoint: `filled-${endpoint}` };
  };
  for (const [index, id] of numbered("mdl", size.models).entries()) {
    const isVirtual = index % virtualEvery === virtualEvery - 1;
    const name = `${words(index)}-model-${index}`.toLowerCase().replaceAll(" ", "-");
    await models.insert({ ...modelColumns, id, name, kind: isVirtual ? "virtual" : "pool", ...times });
    if (isVirtual) {
      const listed = targets.slice(-5).map((target) => ({ deployment_id: target.deployment.id, weight: 1, priority: 0 }));
      await modelTargets.replace(id, listed);
      continue;
    }
    targets.push({ model: name, deployment: await deployment(index, index % endpointIds.length, id, name) });
    if (usable === null && index % secondEvery === 0) await deployment(index, (index + 1) % endpointIds.length, id, name);
  }
  await meta.bumpConfigVersion();
  const known = {
    modelNames: targets.map(({ model }) => model),
    managers: { large: userIds[0], small: userIds[1] },
    memberId: userIds[2],
    keyId: keyRows[5].id,
    groupId: groupOf(1),
    model: targets[0].model,
    requestId: "req_bench0000000500",
  };
  return { keyRows, targets, known };
}

/** The first group has a third of all, the last ones a few each: who is in it, and what they call, is as uneven as that. */
function groupIndex(userIndex, { groups }) {
  return userIndex % 3 === 0 ? 0 : 1 + (userIndex % (groups - 1));
}

/** Some keys call all day and most rarely; each calls few models. One in a hundred fails, one in fifty needed a second attempt. */
function requestOf({ keyRows, targets }, index, startedAtMs) {
  const at = Math.floor(startedAtMs);
  const key = keyRows[Math.floor(keyRows.length * pseudoRandom(index) ** 4)];
  const { model, deployment } = targets[(Number(key.id.slice(4)) * 31 + (index % 3)) % targets.length];
  const id = `bench${String(index).padStart(10, "0")}`;
  const fails = index % 100 === 17;
  const attempt = {
    event: "settled",
    id: `att_${id}`,
    requestId: `req_${id}`,
    attemptNo: 1,
    processId: "fill",
    requestStartedAtMs: at,
    startedAtMs: at,
    keyId: key.id,
    userId: key.user_id,
    groupId: key.group_id,
    model,
    endpointId: deployment.endpointId,
    endpoint: deployment.endpoint,
    deploymentId: deployment.id,
    upstreamModel: model,
    dialect: "openai",
    method: "POST",
    path: "/v1/chat/completions",
    stream: index % 2 === 0,
    why: "only target",
    inputTokensEstimate: 100,
    settledAtMs: at + 900,
    status: fails ? 502 : 200,
    error: fails ? "upstream_error" : null,
    final: true,
    ttftMs: 100 + Math.floor(400 * pseudoRandom(index + 1)),
    durationMs: 500 + Math.floor(4000 * pseudoRandom(index + 2)),
    usage: { inputTokens: 100, cachedInputTokens: 20, cacheWriteTokens: 0, outputTokens: 50, reasoningTokens: 5 },
    usageSource: index % 10 === 0 ? "estimated" : "measured",
    costNanoUsd: null,
    priceVersion: null,
  };
  if (index % 50 !== 3) return [attempt];
  return [
    { ...attempt, id: `${attempt.id}a`, status: 503, error: "upstream_error", final: false },
    { ...attempt, attemptNo: 2, startedAtMs: at + 1000, settledAtMs: at + 1900, why: "the one before failed" },
  ];
}

/** From 0 to 1, the same for the same number. */
function pseudoRandom(index) {
  const value = Math.sin(index * 12.9898) * 43758.5453;
  return value - Math.floor(value);
}

function numbered(prefix, count) {
  return Array.from({ length: count }, (_, index) => `${prefix}_${String(index).padStart(6, "0")}`);
}

const firstWords = ["Blue", "Ärztliche", "Quick", "Silent", "Grand", "Nordic", "Lucky", "Amber", "Rapid", "Misty", "Solar"];
const secondWords = ["Heron", "Übersetzung", "Fox", "Harbour", "Falcon", "Lens", "Garden", "Signal", "Orbit", "Meadow"];

function words(index) {
  return `${firstWords[index % firstWords.length]} ${secondWords[Math.floor(index / 11) % secondWords.length]}`;
}

const endpointColumns = {
  description: null,
  url: "http://127.0.0.1:9/v1",
  base_url: null,
  dialect: "openai",
  api_key_ciphertext: null,
  auth_header_name: null,
  auth_header_prefix: null,
  headers: "{}",
  query: "{}",
  models: '"all"',
  aliases: "{}",
  sync_interval_ms: 0,
  timeouts: "{}",
  weight: 1,
  probe: null,
  groups: null,
  origin: "admin",
  manifest_id: null,
  manifest_key: null,
  guard_signature: null,
  guard_count: 0,
};
const modelColumns = {
  strategy: null,
  max_attempts: null,
  hedge: null,
  timeouts: "{}",
  disabled_at: null,
  groups: null,
  limits: null,
};
