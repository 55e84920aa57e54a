// Endpoints and keys as the config file gives them: made once, when the database is first created.
import type { Secret } from "../core/secret.ts";
import type { Scope } from "./api-key.ts";
import type { Dialect } from "./dialect.ts";
import type { Limits } from "./limits.ts";
import type { Probe } from "./probe.ts";
import type { Timeouts } from "./timeouts.ts";

/** Null: the default, by dialect where it depends on it. Fields hold what domain/endpoint-fields.ts accepts. */
export interface EndpointSeed {
  name: string;
  url: string;
  apiKey: Secret | null;
  description: string | null;
  /** Null: inferred from the URL. */
  dialect: Dialect | null;
  authHeaderName: string | null;
  authHeaderPrefix: string | null;
  headers: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string>>;
  models: "all" | readonly string[];
  /** Upstream model → public name. */
  aliases: Readonly<Record<string, string>>;
  /** 0: only on demand. */
  syncIntervalMs: number;
  /** Only those that were set. */
  timeouts: Partial<Timeouts>;
  weight: number;
  probe: Probe | null;
}

export interface KeySeed {
  name: string;
  key: Secret;
  /** Null: all that its group may use. */
  models: readonly string[] | null;
  scopes: readonly Scope[];
  expiresAtMs: number | null;
  limits: Limits;
}

/** A manifest that the configuration or the environment names; they are read at each start. */
export interface ManifestSeed {
  name: string;
  /** An http(s) URL, with user and password taken out and put into `headers`; or the path of a file, absolute. */
  url: string;
  origin: "config" | "environment";
  intervalMs: number;
  /** Sent with every fetch; lower-case names. */
  headers: Readonly<Record<string, Secret>>;
  /** Hosts that entries may point to; empty: any. */
  allowedHosts: readonly string[];
  /** `endpoint_id` → the provider's key. */
  tokens: ReadonlyMap<string, Secret>;
}
