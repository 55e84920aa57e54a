// A synchronisation as the admin API shows it.
import type { SyncRunBody, SyncRunSummaryBody } from "../../../api/sync-runs.ts";
import { formatTime } from "../../../api/time.ts";
import type { SyncRunRow } from "../../../storage/ports/endpoints.ts";

const noCounts = { added: 0, returned: 0, offline: 0, conflict: 0, skipped: 0, unchanged: 0 };

export function presentSyncRunSummary(row: SyncRunRow): SyncRunSummaryBody {
  return {
    id: row.id,
    trigger: row.trigger,
    status: row.status as SyncRunBody["status"],
    stage: row.stage,
    error: row.error,
    counts: { ...noCounts, ...(JSON.parse(row.counts) as Partial<SyncRunBody["counts"]>) },
    started_at: formatTime(row.started_at),
    finished_at: formatTime(row.finished_at),
  };
}

export function presentSyncRun(row: SyncRunRow): SyncRunBody {
  return { ...presentSyncRunSummary(row), models: JSON.parse(row.models) as SyncRunBody["models"] };
}
