// Synchronises every endpoint at its interval: with jitter, backing off while a provider fails, a few at a time.
import type { Clock, Timer } from "../../core/clock.ts";
import { HeadgateError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import type { Synchronizer } from "./synchronize.ts";

export interface SyncScheduleDeps {
  storage: Storage;
  synchronizer: Pick<Synchronizer, "synchronize">;
  clock: Clock;
  log: Logger;
  /** From 0 to 1; for tests. */
  random?: () => number;
}

export interface SyncSchedule {
  /** Reads the endpoints again and follows new, changed and deleted ones; the first call starts the schedule. Throws what storage throws. */
  refresh(): Promise<void>;
  /** Ends the schedule; resolves when no run is under way any more. */
  stop(): Promise<void>;
}

/** Most synchronisations of the schedule at once. */
const maxAtOnce = 4;
const longestBackOffMs = 3_600_000;
const mostBackOffIntervals = 8;
/** A timer may not be longer than 2^31 ms; longer waits are taken in days. */
const longestTimerMs = 86_400_000;

interface Entry {
  intervalMs: number;
  /** Failed runs in a row. */
  failures: number;
  dueAtMs: number;
  timer: Timer | null;
}

/** The wait until the next run, without jitter: the interval, doubled per failure, up to 8 intervals or an hour, never below the interval. */
export function syncDelayMs(intervalMs: number, failures: number): number {
  const longest = Math.max(intervalMs, Math.min(intervalMs * mostBackOffIntervals, longestBackOffMs));
  return Math.min(intervalMs * 2 ** Math.min(failures, 10), longest);
}

export function createSyncSchedule({ storage, synchronizer, clock, log, random = Math.random }: SyncScheduleDeps): SyncSchedule {
  const entries = new Map<string, Entry>();
  const waiting = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const stopping = new AbortController();

  /** ± 10 %, so that endpoints made together do not stay together. */
  const jittered = (ms: number) => ms * (0.9 + 0.2 * random());

  function arm(endpointId: string, entry: Entry): void {
    entry.timer?.cancel();
    const delayMs = Math.max(0, entry.dueAtMs - clock.nowMs());
    entry.timer = clock.after(Math.min(delayMs, longestTimerMs), () => {
      if (clock.nowMs() < entry.dueAtMs) return arm(endpointId, entry);
      waiting.add(endpointId);
      startWaiting();
    });
  }

  function startWaiting(): void {
    for (const endpointId of waiting) {
      if (running.size >= maxAtOnce || stopping.signal.aborted) return;
      if (running.has(endpointId)) continue;
      waiting.delete(endpointId);
      const entry = entries.get(endpointId);
      if (entry === undefined) continue;
      running.set(endpointId, run(endpointId, entry));
    }
  }

  async function run(endpointId: string, entry: Entry): Promise<void> {
    let failed = true;
    try {
      const { status } = await synchronizer.synchronize(endpointId, { trigger: "schedule", signal: stopping.signal });
      failed = status === "failed";
    } catch (err) {
      if (err instanceof HeadgateError && err.code === "not_found") forget(endpointId);
      else if (!stopping.signal.aborted)
        log.warn({ err, endpoint_id: endpointId }, "a scheduled synchronisation could not be carried out");
    }
    running.delete(endpointId);
    if (stopping.signal.aborted) return;
    entry.failures = failed ? entry.failures + 1 : 0;
    entry.dueAtMs = clock.nowMs() + jittered(syncDelayMs(entry.intervalMs, entry.failures));
    // Not `entry`, if the endpoint was changed or deleted during the run.
    const current = entries.get(endpointId);
    if (current !== undefined) arm(endpointId, current);
    startWaiting();
  }

  function forget(endpointId: string): void {
    entries.get(endpointId)?.timer?.cancel();
    entries.delete(endpointId);
    waiting.delete(endpointId);
  }

  return {
    async refresh() {
      // A manifest says which models its endpoints have; their lists are nobody's concern.
      const endpoints = (await storage.endpoints.all()).filter(
        ({ sync_interval_ms, origin }) => sync_interval_ms > 0 && origin !== "manifest",
      );
      const intervals = new Map(endpoints.map(({ id, sync_interval_ms }) => [id, sync_interval_ms]));
      const added = endpoints.filter(({ id, sync_interval_ms }) => entries.get(id)?.intervalMs !== sync_interval_ms);
      const lastRuns = await storage.syncRuns.latest(added.map(({ id }) => id));
      if (stopping.signal.aborted) return;
      for (const id of [...entries.keys()]) if (!intervals.has(id)) forget(id);
      for (const { id, sync_interval_ms: intervalMs } of added) {
        forget(id);
        // A restart neither repeats fresh runs nor starts all overdue ones in the same instant.
        const soonMs = clock.nowMs() + random() * Math.min(intervalMs / 10, 30_000);
        const last = lastRuns.get(id);
        const dueAtMs = last === undefined ? soonMs : Math.max(soonMs, last.finished_at + jittered(intervalMs));
        const entry: Entry = { intervalMs, failures: 0, dueAtMs, timer: null };
        entries.set(id, entry);
        if (!running.has(id)) arm(id, entry);
      }
    },
    async stop() {
      stopping.abort(new HeadgateError("draining"));
      for (const id of [...entries.keys()]) forget(id);
      await Promise.all(running.values());
    },
  };
}
