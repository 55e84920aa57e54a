// An endpoint's configuration between its wire form and its columns.
import type { EndpointConfiguration } from "../../../api/endpoints.ts";
import { formatDuration } from "../../../core/duration.ts";
import { inferDialect } from "../../../domain/dialect.ts";
import type { Timeouts } from "../../../domain/timeouts.ts";
import type { EndpointRow } from "../../../storage/port.ts";

const defaultSyncIntervalMs = 3_600_000;

type Names = Record<string, string>;
type SetTimeouts = { [Name in keyof Timeouts]?: number | null };

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
>;

export function configurationColumns(given: EndpointConfiguration): ConfigurationColumns {
  const { connect, first_byte, idle, total } = given.timeouts ?? {};
  const timeouts = { connectMs: connect, firstByteMs: first_byte, idleMs: idle, totalMs: total } satisfies SetTimeouts;
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
    timeouts: JSON.stringify(timeouts, (_name, value) => value ?? undefined), // those that were set
    weight: given.weight ?? 1,
  };
}

/** The wire form of the columns, as an administrator could have sent it: defaults of the dialect are left out. */
export function configurationOf(row: ConfigurationColumns) {
  const timeouts = JSON.parse(row.timeouts) as Partial<Timeouts>;
  const duration = (ms: number | null | undefined): string | undefined =>
    ms === undefined || ms === null ? undefined : formatDuration(ms);
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
    timeouts: {
      connect: duration(timeouts.connectMs),
      first_byte: duration(timeouts.firstByteMs),
      idle: duration(timeouts.idleMs),
      total: duration(timeouts.totalMs),
    },
    weight: row.weight,
  };
}

/** Header names are compared without regard to case (RFC 9110 section 5.1); stored in one form, they merge and clear as one. */
export function lowerCaseNames<Value>(headers: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
