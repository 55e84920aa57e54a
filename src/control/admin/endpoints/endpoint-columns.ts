// An endpoint's configuration between its wire form and its columns.
import type { EndpointConfiguration } from "../../../api/endpoints.ts";
import { formatDuration } from "../../../core/duration.ts";
import { inferDialect } from "../../../domain/dialect.ts";
import { defaultProbeIntervalMs, defaultProbeTimeoutMs, type Probe } from "../../../domain/probe.ts";
import type { EndpointRow } from "../../../storage/ports/endpoints.ts";
import { timeoutsColumn, timeoutsOf } from "../timeouts-column.ts";

const defaultSyncIntervalMs = 3_600_000;

type Names = Record<string, string>;

/** The columns that an administrator's configuration decides; the credential is not among them. */
export type ConfigurationColumns = Pick<
  EndpointRow,
  | "name"
  | "description"
  | "url"
  | "dialect"
  | "auth_header_name"
  | "auth_header_prefix"
  | "headers"
  | "query"
  | "models"
  | "aliases"
  | "sync_interval_ms"
  | "timeouts"
  | "weight"
  | "probe"
>;

export function configurationColumns(given: EndpointConfiguration): ConfigurationColumns {
  const models = given.models ?? "all";
  return {
    name: given.name,
    description: given.description ?? null,
    url: given.url,
    dialect: given.dialect ?? inferDialect(new URL(given.url)),
    auth_header_name: given.auth_header_name ?? null,
    auth_header_prefix: given.auth_header_prefix ?? null,
    headers: JSON.stringify(lowerCaseNames(given.headers ?? {})),
    query: JSON.stringify(given.query ?? {}),
    models: JSON.stringify(models === "all" ? models : [...new Set(models)]),
    aliases: JSON.stringify(given.aliases ?? {}),
    sync_interval_ms: given.sync_interval ?? defaultSyncIntervalMs,
    timeouts: timeoutsColumn(given.timeouts),
    weight: given.weight ?? 1,
    probe: given.probe ? JSON.stringify(probeOf(given.probe)) : null,
  };
}

function probeOf({ kind, interval, timeout }: NonNullable<EndpointConfiguration["probe"]>): Probe {
  return {
    kind: kind ?? "models",
    intervalMs: interval ?? defaultProbeIntervalMs,
    timeoutMs: timeout ?? defaultProbeTimeoutMs,
  };
}

/** The wire form of the columns, as an administrator could have sent it: defaults of the dialect are left out. */
export function configurationOf(row: ConfigurationColumns) {
  const probe = row.probe === null ? null : (JSON.parse(row.probe) as Probe);
  return {
    name: row.name,
    description: row.description ?? undefined,
    url: row.url,
    dialect: row.dialect as EndpointConfiguration["dialect"],
    auth_header_name: row.auth_header_name ?? undefined,
    auth_header_prefix: row.auth_header_prefix ?? undefined,
    headers: lowerCaseNames(JSON.parse(row.headers) as Names),
    query: JSON.parse(row.query) as Names,
    models: JSON.parse(row.models) as "all" | string[],
    aliases: JSON.parse(row.aliases) as Names,
    sync_interval: formatDuration(row.sync_interval_ms),
    timeouts: timeoutsOf(row.timeouts),
    weight: row.weight,
    probe: probe === null ? undefined : wireProbe(probe),
  };
}

function wireProbe({ kind, intervalMs, timeoutMs }: Probe) {
  return { kind, interval: formatDuration(intervalMs), timeout: formatDuration(timeoutMs) };
}

/** Header names are compared without regard to case (RFC 9110 section 5.1); stored in one form, they merge and clear as one. */
export function lowerCaseNames<Value>(headers: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
