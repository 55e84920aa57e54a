// Manifests as the data plane sees them: what callers may be told of each entry.
import type { EntryStatus, ManifestEntryView, ManifestView } from "../../domain/snapshot.ts";
import type { EndpointRow } from "../../storage/ports/endpoints.ts";
import type { ManifestRow } from "../../storage/ports/manifests.ts";
import type { DeploymentRow } from "../../storage/ports/models.ts";
import { parsedContent } from "./apply-manifest.ts";
import { endpointIdOf } from "./entry-ids.ts";
import { ManifestFailure } from "./manifest-failure.ts";
import type { ManifestEntry } from "./parse-entry.ts";

/** By name. `deployments` are at least those of the manifests' endpoints, without removed ones. */
export function manifestViews(
  manifests: readonly ManifestRow[],
  endpoints: readonly Pick<EndpointRow, "id">[],
  deployments: readonly Pick<DeploymentRow, "endpoint_id" | "upstream_model" | "status">[],
): ManifestView[] {
  if (manifests.length === 0) return [];
  const present = new Set(endpoints.map(({ id }) => id));
  const byEndpoint = new Map<string, Map<string, string>>();
  for (const { endpoint_id, upstream_model, status } of deployments) {
    const statuses = byEndpoint.get(endpoint_id) ?? new Map<string, string>();
    byEndpoint.set(endpoint_id, statuses.set(upstream_model, status));
  }
  return manifests.map((row) => ({
    id: row.id,
    name: row.name,
    hasLoaded: row.content !== null,
    entries: entriesOf(row)
      .map((entry) => ({ entry, endpointId: endpointIdOf(row.id, entry.key) }))
      .filter(({ endpointId }) => present.has(endpointId))
      .map(({ entry, endpointId }) => entryView(entry, endpointId, byEndpoint.get(endpointId) ?? new Map())),
  }));
}

function entryView(entry: ManifestEntry, endpointId: string, statuses: ReadonlyMap<string, string>): ManifestEntryView {
  const { model, description, modelVersion, status } = entry;
  // A model that an administrator has disabled is not offered, whatever the manifest says.
  const experts = entry.experts.filter((expert) => (statuses.get(expert) ?? "disabled") !== "disabled");
  const isUsable = experts.some((expert) => statuses.get(expert) === "active");
  const shown: EntryStatus = status === "live" && !isUsable ? "offline" : status;
  return { endpointId, model, description, modelVersion, status: shown, experts };
}

/** A stored copy was a manifest once; should this version read it otherwise, there is nothing to show. */
function entriesOf(row: ManifestRow): readonly ManifestEntry[] {
  if (row.content === null) return [];
  try {
    return parsedContent(row, row.content).entries;
  } catch (error) {
    if (error instanceof ManifestFailure) return [];
    throw error;
  }
}
