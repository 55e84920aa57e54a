// Reads the configuration from the database as the data plane sees it, credentials deciphered.
import type { Cipher } from "../core/cipher.ts";
import { Secret } from "../core/secret.ts";
import type { Scope } from "../domain/api-key.ts";
import { type Dialect, defaultAuthHeaderName, defaultAuthHeaderPrefix, defaultBaseUrl } from "../domain/dialect.ts";
import type { DeploymentStatus, EndpointView, GroupView, KeyView, ModelView, SnapshotContent } from "../domain/snapshot.ts";
import { defaultTimeouts } from "../domain/timeouts.ts";
import type { DeploymentRow, EndpointRow, GroupRow, KeyRow, ModelRow, Repositories } from "../storage/port.ts";

/** Everything, at one version. Call it inside a transaction, so that the parts fit together. */
export async function loadSnapshot(from: Repositories, cipher: Cipher, nowMs: number): Promise<SnapshotContent> {
  const version = await from.meta.configVersion();
  const groups = (await from.groups.all()).map(groupView);
  const keys = (await from.keys.all()).map(keyView);
  return { version, builtAtMs: nowMs, keys, groups, ...(await loadRouting(from, cipher)) };
}

/** The part that discovery and endpoint changes touch. */
export async function loadRouting(from: Repositories, cipher: Cipher): Promise<Pick<SnapshotContent, "endpoints" | "models">> {
  const endpoints = (await from.endpoints.all()).map((row) => endpointView(row, cipher));
  const byModel = new Map<string, DeploymentRow[]>();
  for (const row of await from.deployments.all()) {
    if (row.model_id === null) continue;
    const rows = byModel.get(row.model_id);
    if (rows === undefined) byModel.set(row.model_id, [row]);
    else rows.push(row);
  }
  const weights = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint.weight]));
  const models = (await from.models.all()).map((row) => modelView(row, byModel.get(row.id) ?? [], weights));
  return { endpoints, models };
}

export function keyView(row: KeyRow): KeyView {
  return {
    id: row.id,
    name: row.name,
    digest: row.digest,
    previousDigest: row.previous_digest,
    previousExpiresAtMs: row.previous_expires_at,
    userId: row.user_id,
    groupId: row.group_id,
    models: row.models === null ? null : (JSON.parse(row.models) as string[]),
    scopes: JSON.parse(row.scopes) as Scope[],
    expiresAtMs: row.expires_at,
  };
}

function groupView(row: GroupRow): GroupView {
  return { id: row.id, name: row.name, models: JSON.parse(row.models) as string[] };
}

function endpointView(row: EndpointRow, cipher: Cipher): EndpointView {
  const dialect = row.dialect as Dialect;
  const authHeaderName = row.auth_header_name ?? defaultAuthHeaderName(dialect);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(JSON.parse(row.headers) as Record<string, string>))
    headers[name.toLowerCase()] = value;
  return {
    id: row.id,
    name: row.name,
    baseUrl: row.base_url ?? defaultBaseUrl(row.url, dialect),
    dialect,
    credential:
      row.api_key_ciphertext === null ? null : new Secret(cipher.decrypt(row.api_key_ciphertext, `endpoint:${row.id}:api_key`)),
    authHeaderName,
    authHeaderPrefix: row.auth_header_prefix ?? defaultAuthHeaderPrefix(authHeaderName),
    headers,
    query: JSON.parse(row.query) as Record<string, string>,
    timeouts: { ...defaultTimeouts, ...(JSON.parse(row.timeouts) as object) },
    weight: row.weight,
    probe: null,
    version: row.version,
  };
}

function modelView(row: ModelRow, deployments: readonly DeploymentRow[], weights: ReadonlyMap<string, number>): ModelView {
  return {
    id: row.id,
    name: row.name,
    kind: "pool",
    createdAtMs: row.created_at,
    strategy: "balanced",
    maxAttempts: null,
    hedge: null,
    timeouts: {},
    deployments: deployments.map((deployment) => ({
      id: deployment.id,
      endpointId: deployment.endpoint_id,
      upstreamModel: deployment.upstream_model,
      status: deployment.status as DeploymentStatus,
      reason: deployment.reason,
      sinceMs: deployment.since,
      weight: weights.get(deployment.endpoint_id) ?? 1,
      priority: 0,
    })),
  };
}
