// What an entry of a manifest means for the rows of its endpoint and deployments. Pure.
import type { Secret } from "../../core/secret.ts";
import { inMaintenance, withoutToken } from "../../domain/deployment-reason.ts";
import type { EndpointRow } from "../../storage/ports/endpoints.ts";
import { endpointIdOf } from "./entry-ids.ts";
import type { ManifestEntry } from "./parse-entry.ts";

/** The columns that an entry decides, but for the credential, which is compared decrypted. */
export type EntryColumns = Pick<
  EndpointRow,
  | "description"
  | "url"
  | "dialect"
  | "auth_header_name"
  | "auth_header_prefix"
  | "headers"
  | "query"
  | "models"
  | "weight"
  | "groups"
>;

export interface PlannedEntry {
  entry: ManifestEntry;
  endpointId: string;
  columns: EntryColumns;
  /** Null: none was given, and nothing may be sent. */
  token: Secret | null;
  /** Of all its deployments that nobody has disabled. */
  status: "active" | "offline";
  reason: string | null;
  /** The models that it gets deployments for. */
  models: readonly string[];
  /** What an administrator should know; null: nothing. */
  error: string | null;
}

export interface PlanContext {
  manifestId: string;
  /** `endpoint_id` → the provider's key. */
  tokens: ReadonlyMap<string, Secret>;
  /** Names that no deployment may take. */
  virtualNames: ReadonlySet<string>;
}

const saysOffline = "its manifest says Offline";
/** A virtual model may still name the deployment: what its administrator made doesn't go because the manifest does. */
export const noLongerThere = "no longer in its manifest";

export function planEntry(entry: ManifestEntry, { manifestId, tokens, virtualNames }: PlanContext): PlannedEntry {
  const token = tokens.get(entry.tokenName) ?? null;
  const left = entry.experts.filter((expert) => virtualNames.has(expert));
  const lacksToken = entry.status === "live" && token === null;
  const problems = [
    entry.warning,
    lacksToken ? `there is no token for endpoint_id ${JSON.stringify(entry.tokenName)}, so nothing is sent to it` : null,
    left.length > 0 ? `left out, because virtual models have the names: ${shortList(left)}` : null,
  ].filter((problem) => problem !== null);
  return {
    entry,
    endpointId: endpointIdOf(manifestId, entry.key),
    columns: columnsOf(entry),
    token,
    ...stateOf(entry, lacksToken),
    models: entry.experts.filter((expert) => !virtualNames.has(expert)),
    error: problems.length === 0 ? null : problems.join("; "),
  };
}

function stateOf({ status }: ManifestEntry, lacksToken: boolean): Pick<PlannedEntry, "status" | "reason"> {
  if (status === "maintenance") return { status: "offline", reason: inMaintenance };
  if (status === "offline") return { status: "offline", reason: saysOffline };
  return lacksToken ? { status: "offline", reason: withoutToken } : { status: "active", reason: null };
}

function columnsOf(entry: ManifestEntry): EntryColumns {
  return {
    description: entry.description === "" ? null : entry.description,
    url: entry.url,
    dialect: entry.dialect,
    auth_header_name: entry.authHeaderName,
    auth_header_prefix: entry.authHeaderPrefix,
    headers: JSON.stringify(entry.headers),
    query: JSON.stringify(entry.query),
    // sorted: a change of their order is no change of the endpoint
    models: JSON.stringify(entry.experts.toSorted()),
    weight: entry.weight,
    groups: entry.groups === null ? null : JSON.stringify(entry.groups),
  };
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => JSON.stringify(name));
  return names.length > shown.length ? `${shown.join(", ")} and ${names.length - shown.length} more` : shown.join(", ");
}
