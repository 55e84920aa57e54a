// Deletes what is older than the configuration keeps, and makes room for what comes; hourly roll-ups stay.
import type { Clock, Timer } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { StorageUnavailable } from "../storage/ports/errors.ts";
import type { Storage } from "../storage/ports/storage.ts";

export interface RetentionOptions {
  storage: () => Storage | null;
  /** Whether this replica is the one that deletes rows; default: yes. What is in its own data directory it always deletes. */
  isLeader?: () => boolean;
  /** 0: forever. */
  requestsMs: number;
  syncRunsMs: number;
  auditMs: number;
  /** Files that have been kept for long enough. */
  exports?: { deleteExpired(nowMs: number): Promise<void> };
  clock: Clock;
  log: Logger;
}

const everyMs = 3_600_000;
const firstAfterMs = 60_000;

/** Starts the hourly clean-up; the returned function stops it. */
export function startRetention(options: RetentionOptions): () => void {
  let timer: Timer;
  const run = async () => {
    await prepareMonths(options);
    await deleteExpired(options);
    timer = options.clock.after(everyMs, run);
  };
  timer = options.clock.after(firstAfterMs, run);
  return () => timer.cancel();
}

/** Tables for the attempts of the months to come, where the database has such. */
async function prepareMonths({ storage, clock, log }: RetentionOptions): Promise<void> {
  try {
    await storage()?.ledger.prepareMonths(clock.nowMs());
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) log.error({ err: error }, "preparing the ledger for the next months failed");
  }
}

/** One clean-up; a database that is away is left for the next. */
export async function deleteExpired(options: RetentionOptions): Promise<void> {
  const { storage, requestsMs, syncRunsMs, auditMs, clock, log } = options;
  const database = storage();
  if (database === null) return;
  const nowMs = clock.nowMs();
  try {
    if (options.isLeader?.() === false) return await options.exports?.deleteExpired(nowMs);
    // First: whatever goes wrong with the rest, what was promised to go is gone.
    const bodies = await database.requestBodies.deleteExpired(nowMs);
    const attempts = requestsMs > 0 ? await database.ledger.deleteBefore(nowMs - requestsMs) : 0;
    const responses = requestsMs > 0 ? await database.responses.deleteBefore(nowMs - requestsMs) : 0;
    const syncRuns = syncRunsMs > 0 ? await database.syncRuns.deleteBefore(nowMs - syncRunsMs) : 0;
    const audit = auditMs > 0 ? await database.audit.deleteBefore(nowMs - auditMs) : 0;
    await database.sessions.deleteExpired(nowMs);
    await database.oneTimeLinks.deleteExpired(nowMs);
    await database.deletedEndpoints.deleteExpired(nowMs);
    await options.exports?.deleteExpired(nowMs);
    if (attempts + responses + syncRuns + audit + bodies > 0)
      log.info({ attempts, responses, sync_runs: syncRuns, audit, bodies }, "deleted what is beyond its retention");
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) log.error({ err: error }, "retention failed");
  }
}
