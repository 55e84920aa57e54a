// Reads the configuration from the database as the data plane sees it, credentials deciphered.
import type { Cipher } from "../core/cipher.ts";
import { Secret } from "../core/secret.ts";
import type { Scope } from "../domain/api-key.ts";
import { bodyKeepingOf } from "../domain/body-keeping.ts";
import { type Dialect, defaultAuthHeaderName, defaultAuthHeaderPrefix, defaultBaseUrl } from "../domain/dialect.ts";
import { limitsOf } from "../domain/limits.ts";
import { administrators } from "../domain/membership-source.ts";
import type { Strategy } from "../domain/pool.ts";
import type { Probe } from "../domain/probe.ts";
import type {
  DeploymentStatus,
  EndpointView,
  GroupView,
  KeyView,
  ModelView,
  RoutingContent,
  SnapshotContent,
  TargetView,
  UserView,
} from "../domain/snapshot.ts";
import type { Timeouts } from "../domain/timeouts.ts";
import type { EndpointRow } from "../storage/ports/endpoints.ts";
import type { KeyRow } from "../storage/ports/keys.ts";
import type { ModelRow } from "../storage/ports/models.ts";
import type { GroupMemberRow, GroupRow, UserRow } from "../storage/ports/people.ts";
import type { Repositories } from "../storage/ports/storage.ts";
import { hedgeOf } from "./hedge-column.ts";
import { manifestViews } from "./manifest/manifest-views.ts";
import { type ModelTarget, targetsByModel } from "./model-targets.ts";
import type { PriceBook } from "./prices/price-book.ts";
import { type PriceOfTarget, pricesOfTargets } from "./prices/prices-of-targets.ts";

/** What a snapshot is made with, beside the database. */
interface RoutingOptions {
  cipher: Cipher;
  /** Of endpoints that set none. */
  timeouts: Timeouts;
  prices: Pick<PriceBook, "prepare" | "priceOf">;
}

/** Everything, at one version. Call it inside a transaction, so that the parts fit together. */
export async function loadSnapshot(from: Repositories, options: RoutingOptions, nowMs: number): Promise<SnapshotContent> {
  const version = await from.meta.configVersion();
  const groups = await loadGroups(from);
  const users = await from.users.all();
  const keys = (await from.keys.all()).map(keyView);
  const members = byUser(await from.groups.members());
  return {
    version,
    builtAtMs: nowMs,
    keys,
    users: users.map((row) => userView(row, members.get(row.id) ?? [])),
    groups,
    ...(await loadRouting(from, options)),
  };
}

export async function loadGroups(from: Repositories): Promise<GroupView[]> {
  return (await from.groups.all()).map(groupView);
}

/** Those of these users that there are. */
export async function loadUsers(from: Repositories, ids: readonly string[]): Promise<UserView[]> {
  const users: UserView[] = [];
  for (const id of ids) {
    const row = await from.users.get(id);
    if (row === null) continue;
    users.push(userView(row, await from.groups.groupsOf(id)));
  }
  return users;
}

/** The part that discovery and changes of endpoints and models touch. */
export async function loadRouting(from: Repositories, options: RoutingOptions): Promise<RoutingContent> {
  const manifests = await from.manifests.all();
  const names = new Map(manifests.map(({ id, name }) => [id, name]));
  const endpointRows = await from.endpoints.all();
  const endpoints = endpointRows.map((row) => endpointView(row, names, options));
  const weights = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint.weight]));
  const models = await from.models.all();
  const deployments = await from.deployments.all();
  const targets = targetsByModel({
    models,
    deployments,
    listed: await from.modelTargets.all(),
    endpointWeight: (id) => weights.get(id) ?? 1,
  });
  const overrides = await from.prices.all();
  const priceOf = await pricesOfTargets(options.prices, { models, endpoints: endpointRows, targets, overrides });
  return {
    endpoints,
    models: models.map((row) => modelView(row, targets.get(row.id) ?? [], priceOf)),
    manifests: manifestViews(manifests, endpointRows, deployments),
  };
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
    limits: limitsOf(row.limits),
    bodies: bodyKeepingOf(row.bodies),
  };
}

function groupView(row: GroupRow): GroupView {
  return {
    id: row.id,
    name: row.name,
    models: JSON.parse(row.models) as string[],
    source: row.source,
    externalId: row.external_id,
    limits: limitsOf(row.limits),
    bodies: bodyKeepingOf(row.bodies),
  };
}

function userView(row: UserRow, memberships: readonly GroupMemberRow[]): UserView {
  const { id, name, primary_group_id: primaryGroupId, limits } = row;
  return {
    id,
    name,
    // A group that two sources name is there once.
    groupIds: [...new Set(memberships.map(({ group_id }) => group_id))],
    assignedGroupIds: memberships.filter(({ source }) => source === administrators).map(({ group_id }) => group_id),
    isDisabled: row.disabled_at !== null,
    primaryGroupId,
    limits: limits === null ? null : limitsOf(limits),
  };
}

function byUser(members: readonly GroupMemberRow[]): Map<string, GroupMemberRow[]> {
  const ofUsers = new Map<string, GroupMemberRow[]>();
  for (const member of members) {
    const ofUser = ofUsers.get(member.user_id);
    if (ofUser === undefined) ofUsers.set(member.user_id, [member]);
    else ofUser.push(member);
  }
  return ofUsers;
}

function endpointView(
  row: EndpointRow,
  manifestNames: ReadonlyMap<string, string>,
  { cipher, timeouts }: RoutingOptions,
): EndpointView {
  const dialect = row.dialect as Dialect;
  const authHeaderName = row.auth_header_name ?? defaultAuthHeaderName(dialect);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(JSON.parse(row.headers) as Record<string, string>))
    headers[name.toLowerCase()] = value;
  return {
    id: row.id,
    name: row.name,
    publicName: (row.manifest_id === null ? undefined : manifestNames.get(row.manifest_id)) ?? row.name,
    isDeclared: row.manifest_id !== null,
    groups: groupList(row.groups),
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

function groupList(column: string | null): string[] | null {
  return column === null ? null : (JSON.parse(column) as string[]);
}

function modelView(row: ModelRow, targets: readonly ModelTarget[], priceOf: PriceOfTarget): ModelView {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind === "virtual" ? "virtual" : "pool",
    createdAtMs: row.created_at,
    strategy: (row.strategy as Strategy | null) ?? "balanced",
    maxAttempts: row.max_attempts,
    hedge: hedgeOf(row.hedge),
    timeouts: JSON.parse(row.timeouts) as Partial<Timeouts>,
    groups: groupList(row.groups),
    limits: limitsOf(row.limits),
    deployments: targets.map((target) => targetView(row, target, priceOf)),
  };
}

function targetView(model: ModelRow, { deployment, weight, priority }: ModelTarget, priceOf: PriceOfTarget): TargetView {
  return {
    id: deployment.id,
    endpointId: deployment.endpoint_id,
    upstreamModel: deployment.upstream_model,
    status: deployment.status as DeploymentStatus,
    reason: deployment.reason,
    sinceMs: deployment.since,
    weight,
    priority,
    price: priceOf(model, deployment)?.price ?? null,
    // A disabled virtual model has nothing to offer, as a disabled pool: its deployments stay what they are elsewhere.
    ...(model.disabled_at === null
      ? {}
      : { status: "disabled" as const, reason: "the virtual model is disabled", sinceMs: model.disabled_at }),
  };
}
