// The gateway's indexed view of the configuration: every question a request asks is one or two map lookups.
import type { Charge } from "../domain/allowance.ts";
import { everyoneGroupId } from "../domain/everyone.ts";
import { groupIdOf, type ProvenIdentity } from "../domain/identity.ts";
import { isLimited, type Limits, noLimits } from "../domain/limits.ts";
import type {
  EndpointView,
  GroupView,
  KeyView,
  ManifestView,
  ModelView,
  RoutingContent,
  SnapshotContent,
  SnapshotPatch,
  TargetView,
  UserView,
} from "../domain/snapshot.ts";
import type { Timeouts } from "../domain/timeouts.ts";
import { type GroupIndex, isAmong, makePrincipal, mayReach, type Principal } from "./access.ts";

export interface Target {
  deployment: TargetView;
  endpoint: EndpointView;
  /** The endpoint's, with the model's own in place of those that it sets. */
  timeouts: Timeouts;
}

export interface ModelRoute {
  model: ModelView;
  targets: readonly Target[];
  /** Those that calls may go to, in the model's order: what their health says is a matter of the moment. */
  active: readonly Target[];
  /** When a call is over whatever happens: two of the longest totals of its targets, so that a hung one leaves time for another. */
  callMsMax: number;
  /** Some target, or the model itself, is for some groups only. */
  isRestricted: boolean;
  /** What calls of it draw on; null: nothing. */
  charge: Charge | null;
}

/** Of all snapshots of this process: what is made from one is never taken for what another would make. */
let groupsVersions = 0;

interface KeyEntry {
  key: KeyView;
  /** Made when the key is used: of ten thousand keys, few are before the next change. */
  principal: Principal | null;
}

export class Snapshot {
  version: number;
  builtAtMs: number;
  /** Whether somebody's groups decide anything: without a rule, nobody's need to be known. */
  needsGroups = false;
  readonly #keysById = new Map<string, KeyEntry>();
  readonly #keysByDigest = new Map<string, KeyEntry>();
  readonly #users = new Map<string, UserView>();
  #groups: GroupIndex = { version: 0, byId: new Map(), byName: new Map() };
  #models = new Map<string, ModelRoute>();
  #endpointsByName = new Map<string, EndpointView>();
  #endpointsById = new Map<string, EndpointView>();
  #manifests: readonly ManifestView[] = [];

  constructor(content: SnapshotContent) {
    this.version = content.version;
    this.builtAtMs = content.builtAtMs;
    for (const user of content.users) this.#users.set(user.id, user);
    this.#putGroups(content.groups);
    for (const key of content.keys) this.#putKey(key);
    this.#putRouting(content);
  }

  /** The principal of a key's digest, expired or not; undefined when no key has it. */
  principal(digest: string): Principal | undefined {
    return this.#principalOfEntry(this.#keysByDigest.get(digest));
  }

  /** Whether nothing has changed that this principal, of this or an earlier snapshot, is made from. */
  isCurrent({ groupsVersion, userId, user }: Principal): boolean {
    return groupsVersion === this.#groups.version && user === (userId === null ? undefined : this.#users.get(userId));
  }

  /** The principal of a caller who is proven by a token, whether the database knows the user yet or not. */
  principalOf(identity: ProvenIdentity, defaultLimits: Limits): Principal {
    const user = this.#users.get(identity.userId);
    const groupIds = new Set(user?.groupIds ?? []);
    const unseen: GroupView[] = [];
    if (identity.groups !== null) {
      // What the token says is newer than what the database has of its source.
      const ofSource = (id: string) => this.#groups.byId.get(id)?.source === identity.source;
      for (const id of groupIds) if (ofSource(id) && user?.assignedGroupIds.includes(id) !== true) groupIds.delete(id);
      for (const { externalId } of identity.groups) {
        const id = groupIdOf(identity.source, externalId);
        groupIds.add(id);
        if (!this.#groups.byId.has(id)) unseen.push(unseenGroup(id, identity.source, externalId));
      }
    }
    return makePrincipal(
      {
        key: null,
        identity,
        userId: identity.userId,
        user,
        scopes: ["inference"],
        groupIds,
        unseenGroups: unseen,
        charges: this.#tokenCharges(identity.userId, groupIds, defaultLimits),
      },
      this.#groups,
    );
  }

  /** Of a key that has not been deleted, expired or not. */
  principalOfKey(id: string): Principal | undefined {
    return this.#principalOfEntry(this.#keysById.get(id));
  }

  /** Of a user, as a token of theirs would make it with the groups that the database has of them. */
  principalOfUser(id: string, defaultLimits: Limits): Principal | undefined {
    const user = this.#users.get(id);
    if (user === undefined) return undefined;
    const { groupIds } = user;
    const charges = this.#tokenCharges(id, groupIds, defaultLimits);
    const caller = { key: null, identity: null, userId: id, user, scopes: ["inference" as const], groupIds, charges };
    return makePrincipal({ ...caller, unseenGroups: [] }, this.#groups);
  }

  user(id: string): UserView | undefined {
    return this.#users.get(id);
  }

  group(id: string): GroupView | undefined {
    return this.#groups.byId.get(id);
  }

  /** By name, whoever asks. For a call, take `routeFor`. */
  model(name: string): ModelRoute | undefined {
    return this.#models.get(name);
  }

  /** By name, whoever asks. */
  models(): Iterable<ModelRoute> {
    return this.#models.values();
  }

  /** The model as it is for this caller: with those targets that the caller may reach. Null: unknown, or not this caller's. */
  routeFor(principal: Principal, name: string): ModelRoute | null {
    const route = this.#models.get(name);
    if (route === undefined || !principal.grants(name)) return null;
    return route.isRestricted ? reachable(route, principal) : route;
  }

  /** All that `routeFor` would give, by name. */
  *routesFor(principal: Principal): Iterable<ModelRoute> {
    for (const name of this.#models.keys()) {
      const route = this.routeFor(principal, name);
      if (route !== null) yield route;
    }
  }

  /** Whether none of the endpoint's models is for some groups only. */
  isOpen(endpoint: EndpointView): boolean {
    for (const { model, targets } of this.#models.values()) {
      if (model.groups !== null && targets.some(({ deployment }) => deployment.endpointId === endpoint.id)) return false;
    }
    return true;
  }

  endpointByName(name: string): EndpointView | undefined {
    return this.#endpointsByName.get(name);
  }

  endpoint(id: string): EndpointView | undefined {
    return this.#endpointsById.get(id);
  }

  endpoints(): Iterable<EndpointView> {
    return this.#endpointsById.values();
  }

  /** By name. */
  get manifests(): readonly ManifestView[] {
    return this.#manifests;
  }

  get sizes(): { keys: number; users: number; groups: number; models: number; endpoints: number } {
    return {
      keys: this.#keysById.size,
      users: this.#users.size,
      groups: this.#groups.byId.size,
      models: this.#models.size,
      endpoints: this.#endpointsById.size,
    };
  }

  /** Applies one patch. Single-threaded JavaScript makes it atomic for requests; those under way keep the routes they hold. */
  apply(patch: SnapshotPatch, nowMs: number): void {
    if (patch.part === "key") {
      this.#removeKey(patch.id);
      if (patch.key !== null) this.#putKey(patch.key);
    } else if (patch.part === "users") {
      this.#putUsers(patch.users, patch.groups);
    } else {
      this.#putRouting(patch);
    }
    this.version = patch.version;
    this.builtAtMs = nowMs;
  }

  /** The content again, for the copy on disk. */
  content(): SnapshotContent {
    return {
      version: this.version,
      builtAtMs: this.builtAtMs,
      keys: [...this.#keysById.values()].map(({ key }) => key),
      users: [...this.#users.values()],
      groups: [...this.#groups.byId.values()],
      ...this.routing(),
    };
  }

  /** The part of it that is not about callers. */
  routing(): RoutingContent {
    return {
      endpoints: [...this.#endpointsById.values()],
      models: [...this.#models.values()].map((route) => route.model),
      manifests: this.#manifests,
    };
  }

  #putUsers(users: readonly UserView[], groups: readonly GroupView[] | null): void {
    for (const user of users) this.#users.set(user.id, user);
    if (groups !== null) this.#putGroups(groups);
  }

  #putGroups(groups: readonly GroupView[]): void {
    this.#groups = {
      version: ++groupsVersions,
      byId: new Map(groups.map((group) => [group.id, group])),
      byName: new Map(groups.map((group) => [group.name, group])),
    };
    this.#noteGroupRules();
  }

  #putKey(key: KeyView): void {
    const entry: KeyEntry = { key, principal: null };
    this.#keysById.set(key.id, entry);
    this.#keysByDigest.set(key.digest, entry);
    if (key.previousDigest !== null) this.#keysByDigest.set(key.previousDigest, entry);
  }

  #principalOfEntry(entry: KeyEntry | undefined): Principal | undefined {
    if (entry === undefined) return undefined;
    if (entry.principal === null || !this.isCurrent(entry.principal)) entry.principal = this.#makePrincipal(entry.key);
    return entry.principal;
  }

  #makePrincipal(key: KeyView): Principal {
    const user = key.userId === null ? undefined : this.#users.get(key.userId);
    const groupIds = key.userId === null ? [key.groupId] : (user?.groupIds ?? []);
    return makePrincipal(
      {
        key,
        identity: null,
        userId: key.userId,
        user,
        scopes: key.scopes,
        groupIds,
        unseenGroups: [],
        // A request is held to its key's, its user's and its paying group's.
        charges: [
          ...chargeOf("key", key.id, key.limits),
          ...(user?.limits ? chargeOf("user", user.id, user.limits) : []),
          ...this.#groupCharge(key.groupId),
        ],
      },
      this.#groups,
    );
  }

  /** A caller with a token is held to the rates of all groups, and to what the primary one has, which pays: member of it or not. */
  #tokenCharges(userId: string, groupIds: Iterable<string>, defaultLimits: Limits): Charge[] {
    const user = this.#users.get(userId);
    const limits = user?.limits ?? defaultLimits;
    const primary = user?.primaryGroupId ?? everyoneGroupId;
    const groups = new Set([...groupIds, primary, everyoneGroupId]);
    return [...chargeOf("user", userId, limits), ...[...groups].flatMap((id) => this.#groupCharge(id))];
  }

  #groupCharge(id: string): Charge[] {
    const group = this.#groups.byId.get(id);
    return group === undefined ? [] : chargeOf("group", id, group.limits);
  }

  #removeKey(id: string): void {
    const entry = this.#keysById.get(id);
    if (entry === undefined) return;
    const { digest, previousDigest } = entry.key;
    this.#keysById.delete(id);
    this.#keysByDigest.delete(digest);
    if (previousDigest !== null) this.#keysByDigest.delete(previousDigest);
  }

  #putRouting({ endpoints, models, manifests }: RoutingContent): void {
    const byId = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]));
    const routes = new Map<string, ModelRoute>();
    for (const model of models.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const targets: Target[] = [];
      for (const deployment of model.deployments) {
        const endpoint = byId.get(deployment.endpointId);
        if (endpoint !== undefined) {
          targets.push({ deployment, endpoint, timeouts: { ...endpoint.timeouts, ...model.timeouts } });
        }
      }
      // Without one there is nothing that could serve it, now or later: it is kept for what was set about it.
      if (targets.length > 0 || model.kind === "virtual") routes.set(model.name, routeOver(model, targets));
    }
    this.#endpointsById = byId;
    this.#endpointsByName = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
    this.#models = routes;
    this.#manifests = manifests;
    this.#noteGroupRules();
  }

  #noteGroupRules(): void {
    const decides = ({ source, models, limits }: GroupView) => source !== null && (models.length > 0 || isLimited(limits));
    this.needsGroups =
      [...this.#groups.byId.values()].some(decides) || [...this.#models.values()].some(({ isRestricted }) => isRestricted);
  }
}

/** A provider's group before its row: its name is taken from nobody, and grants nothing. */
function unseenGroup(id: string, source: string, externalId: string): GroupView {
  return { id, name: id, models: [], source, externalId, limits: noLimits, bodies: null };
}

function routeOver(model: ModelView, targets: readonly Target[]): ModelRoute {
  return {
    model,
    targets,
    active: targets.filter(({ deployment }) => deployment.status === "active"),
    callMsMax: 2 * Math.max(0, ...targets.map(({ timeouts }) => timeouts.totalMs)),
    isRestricted: model.groups !== null || targets.some(({ endpoint }) => endpoint.groups !== null),
    charge: chargeOf("model", model.id, model.limits)[0] ?? null,
  };
}

function reachable(route: ModelRoute, principal: Principal): ModelRoute | null {
  if (!isAmong(route.model.groups, principal)) return null;
  const targets = route.targets.filter(({ endpoint }) => mayReach(principal, endpoint));
  if (targets.length === route.targets.length) return route;
  return targets.length === 0 ? null : routeOver(route.model, targets);
}

function chargeOf(kind: "key" | "user" | "group" | "model", id: string, limits: Limits): Charge[] {
  return isLimited(limits) ? [{ subject: `${kind}:${id}`, limits }] : [];
}
