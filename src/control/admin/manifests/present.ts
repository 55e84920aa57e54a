// A manifest as the admin API shows it: neither its headers nor its tokens.
import type { ManifestBody } from "../../../api/manifests.ts";
import { formatTime, formatTimeOrNull } from "../../../api/time.ts";
import { formatDuration } from "../../../core/duration.ts";
import type { ManifestRow } from "../../../storage/ports/manifests.ts";
import { lastErrorOf, type ManifestState, statusOf } from "../../manifest/manifest-state.ts";

/** `state` is what this process knows, which may be ahead of the row; null: nothing. */
export function presentManifest(row: ManifestRow, state: ManifestState | null, nowMs: number): ManifestBody {
  const lastSuccessAtMs = state?.lastSuccessAtMs ?? row.last_success_at;
  const lastError = state === null ? lastErrorOf(row) : state.lastError;
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    origin: row.origin as ManifestBody["origin"],
    interval: formatDuration(row.interval_ms),
    allowed_hosts: JSON.parse(row.allowed_hosts) as string[],
    status: state?.status ?? statusOf(row),
    last_success_at: formatTimeOrNull(lastSuccessAtMs),
    age_seconds: lastSuccessAtMs === null ? null : Math.max(0, Math.round((nowMs - lastSuccessAtMs) / 1000)),
    last_error: lastError === null ? null : { at: formatTime(lastError.atMs), stage: lastError.stage, detail: lastError.detail },
    entries: (state?.entries ?? []).map((entry) => ({ ...entry, models: [...entry.models] })),
  };
}
