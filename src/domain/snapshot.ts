// The immutable view that the data plane works from: keys, models, deployments, endpoints. Built by control, read by the gateway.
import type { Secret } from "../core/secret.ts";
import type { Scope } from "./api-key.ts";
import type { BodyKeeping } from "./body-keeping.ts";
import type { Dialect } from "./dialect.ts";
import type { Limits } from "./limits.ts";
import type { Hedge, Strategy } from "./pool.ts";
import type { Price } from "./price.ts";
import type { Probe } from "./probe.ts";
import type { Timeouts } from "./timeouts.ts";

export interface KeyView {
  id: string;
  name: string;
  /** SHA-256 of the key, hex. */
  digest: string;
  /** The digest before the last rotation, valid until `previousExpiresAtMs`. */
  previousDigest: string | null;
  previousExpiresAtMs: number | null;
  userId: string | null;
  /** The group that pays. */
  groupId: string;
  /** Model names or patterns with `*`; null: all that its group may use. */
  models: readonly string[] | null;
  scopes: readonly Scope[];
  expiresAtMs: number | null;
  limits: Limits;
  /** Null: bodies of its requests are not kept. */
  bodies: BodyKeeping | null;
}

export interface UserView {
  id: string;
  name: string;
  /** Groups of all sources, `everyone` not among them: that is everybody's. */
  groupIds: readonly string[];
  /** Those of them that an administrator has put the user in: they stay, whatever the user's provider says of them. */
  assignedGroupIds: readonly string[];
  /** None of the user's keys and tokens is good. */
  isDisabled: boolean;
  /** Pays for what the user calls with a token; null: the first group that grants the model. */
  primaryGroupId: string | null;
  /** Null: the default of callers with a token. */
  limits: Limits | null;
}

export interface GroupView {
  id: string;
  name: string;
  /** Model names or patterns with `*`. */
  models: readonly string[];
  /** The identity provider that it comes from, and its id there; null: made here. */
  source: string | null;
  externalId: string | null;
  limits: Limits;
  /** Null: bodies of its requests are not kept. */
  bodies: BodyKeeping | null;
}

export interface EndpointView {
  id: string;
  name: string;
  /** What callers are told in its place: `name`, or the manifest's name for all of its endpoints. */
  publicName: string;
  /** A manifest declares it. Nothing is sent there without a credential. */
  isDeclared: boolean;
  /** Names, ids or external ids of groups whose members may use it; null: everybody. */
  groups: readonly string[] | null;
  /** The URL that calls are appended to: no trailing slash, version segment included. */
  baseUrl: string;
  dialect: Dialect;
  credential: Secret | null;
  authHeaderName: string;
  authHeaderPrefix: string;
  /** Sent upstream on every request; lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** Added to every upstream URL. */
  query: Readonly<Record<string, string>>;
  timeouts: Timeouts;
  weight: number;
  /** Null: only calls show how it is. */
  probe: Probe | null;
  /** Changes whenever the endpoint is edited: what was learned about it before no longer holds. */
  version: number;
}

export type DeploymentStatus = "active" | "offline" | "disabled";

export interface DeploymentView {
  id: string;
  endpointId: string;
  upstreamModel: string;
  status: DeploymentStatus;
  reason: string | null;
  sinceMs: number;
}

/** A deployment as a target of one model. */
export interface TargetView extends DeploymentView {
  /** Share of the model's calls, relative to its other targets; 0: only when no other can take them. */
  weight: number;
  /** Lower first: the targets of a tier are used while one of them can take calls. */
  priority: number;
  /** Null: nobody knows what its tokens cost. */
  price: Price | null;
}

export interface ModelView {
  id: string;
  name: string;
  /** A pool has the deployments of its public name; a virtual model lists its own. */
  kind: "pool" | "virtual";
  createdAtMs: number;
  strategy: Strategy;
  /** Null: every target once, at most 4. */
  maxAttempts: number | null;
  /** Null: no hedging. */
  hedge: Hedge | null;
  /** Set ones take the place of the endpoint's. */
  timeouts: Partial<Timeouts>;
  /** Names, ids or external ids of groups whose members may use it; null: all who are granted its name. */
  groups: readonly string[] | null;
  /** Of all callers together. */
  limits: Limits;
  deployments: readonly TargetView[];
}

export type EntryStatus = "live" | "offline" | "maintenance";

/** One entry of a manifest, as callers may see it: without URL, `endpoint_id` or key. */
export interface ManifestEntryView {
  /** The endpoint that it became. */
  endpointId: string;
  model: string;
  description: string;
  modelVersion: string;
  status: EntryStatus;
  /** Public names of its models. */
  experts: readonly string[];
}

export interface ManifestView {
  id: string;
  name: string;
  /** False: no copy of it was ever had, so nobody knows which models it has. */
  hasLoaded: boolean;
  entries: readonly ManifestEntryView[];
}

/** Everything the gateway knows, at one version of the configuration. */
export interface SnapshotContent {
  /** The database's configuration version that this content shows. */
  version: number;
  builtAtMs: number;
  keys: readonly KeyView[];
  users: readonly UserView[];
  groups: readonly GroupView[];
  endpoints: readonly EndpointView[];
  models: readonly ModelView[];
  manifests: readonly ManifestView[];
}

/** The part of a snapshot that is not about callers. */
export type RoutingContent = Pick<SnapshotContent, "endpoints" | "models" | "manifests">;

/** A change to part of a snapshot; applied atomically, in order of `version`. */
export type SnapshotPatch =
  | { part: "key"; version: number; id: string; key: KeyView | null }
  /** Users who have come or changed; `groups` holds all groups, or is null where none has changed. */
  | { part: "users"; version: number; users: readonly UserView[]; groups: readonly GroupView[] | null }
  | ({ part: "routing"; version: number } & RoutingContent);
