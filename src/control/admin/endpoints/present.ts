// An endpoint as the admin API shows it: whether it has a credential, never which.
import type { EndpointBody } from "../../../api/endpoints.ts";
import { formatTime } from "../../../api/time.ts";
import { type Dialect, defaultBaseUrl } from "../../../domain/dialect.ts";
import type { EndpointRow, SyncRunRow } from "../../../storage/ports/endpoints.ts";
import type { DeploymentRow } from "../../../storage/ports/models.ts";
import type { SyncProgress } from "../../discovery/synchronize.ts";
import { configurationOf } from "./endpoint-columns.ts";
import { presentSyncRunSummary } from "./present-sync-run.ts";

/** `deployments` are the endpoint's own; removed ones don't count. `manifests` are names by id. */
export function presentEndpoint(
  row: EndpointRow,
  deployments: readonly DeploymentRow[],
  lastSync: SyncRunRow | undefined,
  manifests: ReadonlyMap<string, string>,
  syncing: SyncProgress | null = null,
): EndpointBody {
  const dialect = row.dialect as Dialect;
  const counts = countByStatus(deployments.filter((deployment) => deployment.removed_at === null));
  const configuration = configurationOf(row);
  return {
    ...configuration,
    id: row.id,
    description: row.description,
    effective_url: row.base_url ?? defaultBaseUrl(row.url, dialect),
    origin: row.origin,
    manifest_id: row.manifest_id,
    manifest: row.manifest_id === null ? null : (manifests.get(row.manifest_id) ?? null),
    dialect,
    auth_header_name: row.auth_header_name,
    auth_header_prefix: row.auth_header_prefix,
    probe: configuration.probe ?? null,
    has_api_key: row.api_key_ciphertext !== null,
    status: statusOf(counts, lastSync !== undefined),
    model_counts: counts,
    last_sync: lastSync === undefined ? null : presentSyncRunSummary(lastSync),
    sync_in_progress:
      syncing === null ? null : { trigger: syncing.trigger, started_at: formatTime(syncing.startedAtMs), stage: syncing.stage },
    created_at: formatTime(row.created_at),
    updated_at: formatTime(row.updated_at),
    version: row.version,
  };
}

type Counts = EndpointBody["model_counts"];

function countByStatus(deployments: readonly DeploymentRow[]): Counts {
  const of = (status: string): number => deployments.filter((deployment) => deployment.status === status).length;
  return { active: of("active"), offline: of("offline"), disabled: of("disabled") };
}

function statusOf(counts: Counts, synced: boolean): EndpointBody["status"] {
  if (counts.active > 0) return "active";
  if (counts.disabled > 0 && counts.offline === 0) return "disabled";
  return synced || counts.offline > 0 ? "offline" : "never_synced";
}
