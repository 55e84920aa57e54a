// The immutable view that the data plane works from: keys, models, deployments, endpoints. Built by control, read by the gateway.
import type { Secret } from "../core/secret.ts";
import type { Scope } from "./api-key.ts";
import type { Dialect } from "./dialect.ts";
import type { Hedge, Strategy } from "./pool.ts";
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
}

export interface GroupView {
  id: string;
  name: string;
  /** Model names or patterns with `*`. */
  models: readonly string[];
}

export interface EndpointView {
  id: string;
  name: string;
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
  deployments: readonly TargetView[];
}

/** Everything the gateway knows, at one version of the configuration. */
export interface SnapshotContent {
  /** The database's configuration version that this content shows. */
  version: number;
  builtAtMs: number;
  keys: readonly KeyView[];
  groups: readonly GroupView[];
  endpoints: readonly EndpointView[];
  models: readonly ModelView[];
}

/** A change to part of a snapshot; applied atomically, in order of `version`. */
export type SnapshotPatch =
  | { part: "key"; version: number; id: string; key: KeyView | null }
  | { part: "routing"; version: number; endpoints: readonly EndpointView[]; models: readonly ModelView[] };
