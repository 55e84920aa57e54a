// The last backup for the System page, known even while the database is away.
import type { SystemView } from "../../../api/system.ts";
import { formatTime } from "../../../api/time.ts";
import { StorageUnavailable } from "../../../storage/ports/errors.ts";
import { readLastBackup } from "../../last-backup.ts";
import type { AdminContext } from "../context.ts";

type BackupView = SystemView["backup"];

/** The function returned never waits for a database that is known to be away: it says what was seen last. */
export function backupView(context: AdminContext): (database: SystemView["database"]["state"]) => Promise<BackupView> {
  let seen: BackupView = null;
  return async (database) => {
    if (database !== "ok") return seen;
    try {
      const run = await readLastBackup(context.database().meta);
      if (run !== null) {
        const { atMs, file, bytes, durationMs, error } = run;
        seen = { last_at: formatTime(atMs), file, bytes, duration_ms: durationMs, ok: error === null, error };
      }
    } catch (error) {
      if (!(error instanceof StorageUnavailable) && (error as { code?: unknown }).code !== "database_unavailable") throw error;
    }
    return seen;
  };
}
