// What the audit log is told of a change to a manifest.
import { formatTime } from "../../api/time.ts";
import { formatDuration } from "../../core/duration.ts";
import type { ManifestRow } from "../../storage/ports/manifests.ts";
import type { Repositories } from "../../storage/ports/storage.ts";
import { type Change, recordChange } from "../audit/record-change.ts";

type What = Pick<Change, "actor" | "requestId" | "nowMs"> & { before: ManifestRow | null; after: ManifestRow | null };

/** To be called in the transaction of the change; one of the two rows must be there. */
export async function recordManifest(repositories: Repositories, { before, after, ...what }: What): Promise<void> {
  const { id, name } = (after ?? before) as ManifestRow;
  await recordChange(repositories, {
    ...what,
    action: `manifest.${before === null ? "create" : after === null ? "delete" : "update"}`,
    resource: { kind: "manifest", id, name },
    before: before === null ? null : audited(before),
    after: after === null ? null : audited(after),
  });
}

/** What somebody has configured, as the admin API shows it, not what the last fetch brought. */
function audited(row: ManifestRow): object {
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    origin: row.origin,
    interval: formatDuration(row.interval_ms),
    allowed_hosts: JSON.parse(row.allowed_hosts) as string[],
    has_headers: row.headers_ciphertext !== null,
    has_tokens: row.tokens_ciphertext !== null,
    created_at: formatTime(row.created_at),
  };
}
