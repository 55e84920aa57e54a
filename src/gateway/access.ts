// Who a caller is, and which models and endpoints are there for them.
import type { Charge } from "../domain/allowance.ts";
import type { Scope } from "../domain/api-key.ts";
import { everyoneGroupId } from "../domain/everyone.ts";
import type { ProvenIdentity } from "../domain/identity.ts";
import type { EndpointView, GroupView, KeyView, UserView } from "../domain/snapshot.ts";
import { everyModel, grantMatcher, type ModelMatcher, restrictedTo } from "./model-matcher.ts";

/** A caller, with what is computed from the configuration once, not per request. */
export interface Principal {
  /** Null: proven by a token, or by a trusted proxy. */
  key: KeyView | null;
  /** Null for keys. */
  identity: ProvenIdentity | null;
  /** Null: a key without a user. */
  userId: string | null;
  /** Undefined: there is none, or the configuration does not have it yet. */
  user: UserView | undefined;
  scopes: readonly Scope[];
  /** All groups, by name; `everyone` is among them. */
  groups: readonly GroupView[];
  /** Whether key and groups together grant a model's name. What is restricted to groups takes `Snapshot.routeFor` to tell. */
  grants: ModelMatcher;
  /** What `groups` of models and endpoints may call the caller's groups. */
  groupNames: ReadonlySet<string>;
  /** What every call of the caller draws on, whatever its model. */
  charges: readonly Charge[];
  /** Of the groups that this is made from. */
  groupsVersion: number;
}

/** The groups, as a snapshot has them. */
export interface GroupIndex {
  /** Another one whenever any group has changed. */
  version: number;
  byId: ReadonlyMap<string, GroupView>;
  byName: ReadonlyMap<string, GroupView>;
}

interface Caller {
  key: KeyView | null;
  identity: ProvenIdentity | null;
  userId: string | null;
  user: UserView | undefined;
  scopes: readonly Scope[];
  groupIds: Iterable<string>;
  /** Groups that a provider names and the configuration does not have yet. */
  unseenGroups: readonly GroupView[];
  charges: readonly Charge[];
}

export function makePrincipal(caller: Caller, index: GroupIndex): Principal {
  const groups: GroupView[] = [...caller.unseenGroups];
  for (const id of new Set([...caller.groupIds, everyoneGroupId])) {
    const group = index.byId.get(id);
    if (group !== undefined) groups.push(group);
  }
  groups.sort((a, b) => (a.name < b.name ? -1 : 1));
  const granted = grantMatcher(groups.map(({ models }) => models));
  const { key, identity, userId, user, scopes, charges } = caller;
  return {
    key,
    identity,
    userId,
    user,
    scopes,
    groups,
    grants: restrictedTo(key?.models ?? null, granted),
    groupNames: namesOf(groups, index),
    charges,
    groupsVersion: index.version,
  };
}

/**
 * A group that was made here is named by its name or id, one of a provider by its id or the provider's id for it: its name is what
 * people at the provider chose, who may choose one that somebody here has in mind. Nor does the provider's id count when it is the
 * name or id of another group.
 */
function namesOf(groups: readonly GroupView[], { byId, byName }: GroupIndex): Set<string> {
  const names = new Set<string>();
  for (const { id, name, externalId } of groups) {
    names.add(id);
    if (externalId === null) names.add(name);
    else if ((byName.get(externalId)?.id ?? id) === id && !byId.has(externalId)) names.add(externalId);
  }
  return names;
}

/** Whether a caller is in one of `groups`; null: open to all. */
export function isAmong(groups: readonly string[] | null, { groupNames }: Pick<Principal, "groupNames">): boolean {
  return groups === null || groups.some((group) => groupNames.has(group));
}

export function mayReach(principal: Principal, endpoint: EndpointView): boolean {
  return isAmong(endpoint.groups, principal);
}

/** True when no list holds the caller back; groups of models and endpoints still may. */
export function isGrantedAll({ grants }: Principal): boolean {
  return grants === everyModel;
}

/**
 * The group that pays: the key's, or for a caller with a token the user's primary one, else the first by name that grants the model;
 * `everyone` comes last.
 */
export function payerOf({ key, groups }: Principal, user: UserView | undefined, model: string | null): string {
  if (key !== null) return key.groupId;
  const primary = user?.primaryGroupId ?? null;
  if (primary !== null) return primary;
  const granting = groups.find(({ id, models }) => id !== everyoneGroupId && model !== null && grantMatcher([models])(model));
  return granting?.id ?? everyoneGroupId;
}
