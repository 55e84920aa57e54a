// Reads the configuration from the database as the data plane sees it, credentials deciphered.
import type { Cipher } from "../core/cipher.ts";
import { Secret } from "../core/secret.ts";
import type { Scope } from "../domain/api-key.ts";
import { type Dialect, defaultAuthHeaderName, defaultAuthHeaderPrefix, defaultBaseUrl } from "../domain/dialect.ts";
import type { Strategy } from "../domain/pool.ts";
import type { Probe } from "../domain/probe.ts";
import type {
  DeploymentStatus,
  EndpointView,
  GroupView,
  KeyView,
  ModelView,
  SnapshotContent,
  TargetView,
} from "../domain/snapshot.ts";
import type { Timeouts } from "../domain/timeouts.ts";
import type { EndpointRow, GroupRow, KeyRow, ModelRow, Repositories } from "../storage/port.ts";
import { hedgeOf } from "./hedge-column.ts";
import { type ModelTarget, targetsByModel } from "./model-targets.ts";

/** What a snapshot is made with, beside the database. */
interface RoutingOptions {
  cipher: Cipher;
  /** Of endpoints that set none. */
  timeouts: Timeouts;
}

/** Everything, at one version. Call it inside a transaction, so that the parts fit together. */
export async function loadSnapshot(from: Repositories, options: RoutingOptions, nowMs: number): Promise<SnapshotContent> {
  const version = await from.meta.configVersion();
  const groups = (await from.groups.all()).map(groupView);
  const keys = (await from.keys.all()).map(keyView);
  return { version, builtAtMs: nowMs, keys, groups, ...(await loadRouting(from, options)) };
}

/** The part that discovery and changes of endpoints and models touch. */
export async function loadRouting(
  from: Repositories,
  options: RoutingOptions,
): Promise<Pick<SnapshotContent, "endpoints" | "models">> {
  const endpoints = (await from.endpoints.all()).map((row) => endpointView(row, options));
  const weights = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint.weight]));
  const models = await from.models.all();
  const targets = targetsByModel({
    models,
    deployments: await from.deployments.all(),
    listed: await from.modelTargets.all(),
    endpointWeight: (id) => weights.get(id) ?? 1,
  });
  return { endpoints, models: models.map((row) => modelView(row, targets.get(row.id) ?? [])) };
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

function endpointView(row: EndpointRow, { cipher, timeouts }: RoutingOptions): EndpointView {
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
    timeouts: { ...timeouts, ...(JSON.parse(row.timeouts) as Partial<Timeouts>) },
    weight: row.weight,
    probe: row.probe === null ? null : (JSON.parse(row.probe) as Probe),
    version: row.version,
  };
}

function modelView(row: ModelRow, targets: readonly ModelTarget[]): ModelView {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind === "virtual" ? "virtual" : "pool",
    createdAtMs: row.created_at,
    strategy: (row.strategy as Strategy | null) ?? "balanced",
    maxAttempts: row.max_attempts,
    hedge: hedgeOf(row.hedge),
    timeouts: JSON.parse(row.timeouts) as Partial<Timeouts>,
    deployments: targets.map((target) => targetView(row, target)),
  };
}

function targetView(model: ModelRow, { deployment, weight, priority }: ModelTarget): TargetView {
  return {
    id: deployment.id,
    endpointId: deployment.endpoint_id,
    upstreamModel: deployment.upstream_model,
    status: deployment.status as DeploymentStatus,
    reason: deployment.reason,
    sinceMs: deployment.since,
    weight,
    priority,
    // A disabled virtual model has nothing to offer, as a disabled pool: its deployments stay what they are elsewhere.
    ...(model.disabled_at === null
      ? {}
      : { status: "disabled" as const, reason: "the virtual model is disabled", sinceMs: model.disabled_at }),
  };
}
