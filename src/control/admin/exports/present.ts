// An export as the admin API shows it.
import type { ExportBody } from "../../../api/exports.ts";
import { formatTime, formatTimeOrNull } from "../../../api/time.ts";
import type { ExportRow } from "../../../storage/ports/exports.ts";

export function presentExport(row: ExportRow): ExportBody {
  return {
    id: row.id,
    kind: row.kind as ExportBody["kind"],
    format: row.format as ExportBody["format"],
    query: JSON.parse(row.query) as ExportBody["query"],
    status: row.status as ExportBody["status"],
    rows: row.rows,
    progress: row.progress === null ? null : row.progress / 1000,
    bytes: row.bytes,
    error: row.error,
    created_at: formatTime(row.created_at),
    finished_at: formatTimeOrNull(row.finished_at),
    expires_at: formatTimeOrNull(row.expires_at),
    created_by: { kind: row.actor_kind as ExportBody["created_by"]["kind"], id: row.actor_id, name: row.actor_name },
  };
}
