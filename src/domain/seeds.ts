// Endpoints and keys as the config file gives them: made once, when the database is first created.
import type { Secret } from "../core/secret.ts";
import type { Scope } from "./api-key.ts";
import type { Dialect } from "./dialect.ts";
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
}
