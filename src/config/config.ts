// The configuration as the program uses it: camelCase, ms, bytes, Secrets, everything decided.
import type { Secret } from "../core/secret.ts";
import type { IdentityConfig } from "../domain/identity-config.ts";
import { type Limits, limitsOfStored } from "../domain/limits.ts";
import type { EndpointSeed, KeySeed, ManifestSeed } from "../domain/seeds.ts";
import type { Timeouts } from "../domain/timeouts.ts";
import type { logLevels, ParsedFile } from "./schema.ts";

export type LogLevel = (typeof logLevels)[number];

export interface Config {
  server: {
    host: string;
    /** 0: a free one. */
    port: number;
    /** No trailing slash. Null: made from host and port. */
    publicUrl: string | null;
    bodyLimitBytes: number;
    bodiesInFlightLimitBytes: number;
    /** Of one process. */
    callsInFlightLimit: number;
    overloadLagMs: number;
    drainTimeoutMs: number;
    drainDelayMs: number;
    workers: "auto" | number;
    trustedProxies: readonly string[];
    corsOrigins: readonly string[];
  };
  /** The URL of a PostgreSQL database with its password; null: SQLite in the data directory. */
  database: { url: Secret | null };
  /** The URL of a Redis with its password; null: allowances are counted in this process alone. */
  redis: { url: Secret | null; timeoutMs: number };
  /** Null: metrics on the main port. */
  metrics: { port: number | null };
  retention: { requestsMs: number; syncRunsMs: number; auditMs: number };
  accounting: { onFailure: "refuse" | "continue" };
  /** Of endpoints that set none; a model's own come before either. */
  timeouts: Timeouts;
  log: { level: LogLevel };
  endpoints: readonly EndpointSeed[];
  keys: readonly KeySeed[];
  manifests: readonly ManifestSeed[];
  identity: IdentityConfig;
  /** Of callers with a token for whom nothing else is set (RATE_LIMIT_PER_SEC_PER_USER). */
  userDefaultLimits: Limits;
  /** HEADGATE_ADMIN_TOKEN: a bearer token with full rights. */
  adminToken: Secret | null;
}

/** What does not come from the file alone, or needs more than its own key. */
type Derived = Pick<Config, "adminToken" | "identity" | "manifests" | "userDefaultLimits">;

export function toConfig(file: ParsedFile, derived: Derived): Config {
  return {
    server: {
      host: file.server.host,
      port: file.server.port,
      publicUrl: file.server.public_url?.replace(/\/+$/, "") ?? null,
      bodyLimitBytes: file.server.body_limit,
      bodiesInFlightLimitBytes: file.server.bodies_in_flight_limit,
      callsInFlightLimit: file.server.calls_in_flight_limit,
      overloadLagMs: file.server.overload_lag,
      drainTimeoutMs: file.server.drain_timeout,
      drainDelayMs: file.server.drain_delay,
      workers: file.server.workers,
      trustedProxies: file.server.trusted_proxies,
      corsOrigins: file.server.cors_origins,
    },
    database: { url: file.database.url ?? null },
    redis: { url: file.redis.url ?? null, timeoutMs: file.redis.timeout },
    metrics: { port: file.metrics.port ?? null },
    retention: { requestsMs: file.retention.requests, syncRunsMs: file.retention.sync_runs, auditMs: file.retention.audit },
    accounting: { onFailure: file.accounting.on_failure },
    timeouts: {
      connectMs: file.timeouts.connect,
      firstByteMs: file.timeouts.first_byte ?? null,
      idleMs: file.timeouts.idle,
      totalMs: file.timeouts.total,
    },
    log: { level: file.log.level },
    endpoints: file.endpoints.map(toEndpointSeed),
    keys: file.keys.map((key) => ({
      name: key.name,
      key: key.key,
      models: key.models ?? null,
      scopes: key.scopes,
      expiresAtMs: key.expires_at ?? null,
      limits: limitsOfStored(key.limits),
    })),
    ...derived,
  };
}

function toEndpointSeed(endpoint: ParsedFile["endpoints"][number]): EndpointSeed {
  const { connect, first_byte, idle, total } = endpoint.timeouts;
  const { probe } = endpoint;
  return {
    name: endpoint.name,
    url: endpoint.url,
    apiKey: endpoint.api_key ?? null,
    description: endpoint.description ?? null,
    dialect: endpoint.dialect ?? null,
    authHeaderName: endpoint.auth_header_name ?? null,
    authHeaderPrefix: endpoint.auth_header_prefix ?? null,
    headers: endpoint.headers,
    query: endpoint.query,
    models: endpoint.models,
    aliases: endpoint.aliases,
    syncIntervalMs: endpoint.sync_interval,
    timeouts: {
      ...(connect === undefined ? {} : { connectMs: connect }),
      ...(first_byte === undefined ? {} : { firstByteMs: first_byte }),
      ...(idle === undefined ? {} : { idleMs: idle }),
      ...(total === undefined ? {} : { totalMs: total }),
    },
    weight: endpoint.weight,
    probe: probe === undefined ? null : { kind: probe.kind, intervalMs: probe.interval, timeoutMs: probe.timeout },
  };
}
