// The immutable view that the data plane works from: keys, models, deployments, endpoints. Built by control, read by the gateway.
import type { Secret } from "../core/secret.ts";
import type { Scope } from "./api-key.ts";
import type { Dialect } from "./dialect.ts";
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

export interface ModelView {
  id: string;
  name: string;
  createdAtMs: number;
  deployments: readonly DeploymentView[];
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
