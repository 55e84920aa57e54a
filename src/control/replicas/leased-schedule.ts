// The schedule of synchronisations, and that of probes, for as long as this replica does the work: a new one each time it is taken over.
import type { SyncSchedule } from "../discovery/schedule.ts";
import type { ProbeSchedule } from "../probe/probe-schedule.ts";
import type { WorkLeases } from "./work-lease.ts";

export const syncWork = "synchronizations";
export const probeWork = "probes";

export interface LeasedSyncSchedule extends SyncSchedule {
  /** Endpoints have changed, here or elsewhere: as `refresh`, once it has started. */
  follow(): Promise<void>;
}

/** Starts with the first `refresh`, where the work is done here. */
export function leasedSyncSchedule(leases: WorkLeases, create: () => SyncSchedule): LeasedSyncSchedule {
  let current: SyncSchedule | null = null;
  leases.register(syncWork, {
    async start() {
      const begun = create();
      current = begun;
      try {
        await begun.refresh();
      } catch (error) {
        // Tried again, here or by whoever does the work by then: until it has begun, nothing is to be followed.
        current = null;
        await begun.stop();
        throw error;
      }
    },
    async stop() {
      const ending = current;
      current = null;
      await ending?.stop();
    },
  });
  return {
    async refresh() {
      leases.begin(syncWork);
      await current?.refresh();
    },
    async follow() {
      await current?.refresh();
    },
    async stop() {
      await current?.stop();
    },
  };
}

/** Starts with the first `changed`, where the work is done here; while the database is away, everywhere. */
export function leasedProbes(leases: WorkLeases, create: () => ProbeSchedule): Pick<ProbeSchedule, "changed" | "stop"> {
  let current: ProbeSchedule | null = null;
  leases.register(probeWork, {
    alsoWhenAway: true,
    start() {
      current = create();
      current.changed();
    },
    async stop() {
      const ending = current;
      current = null;
      await ending?.stop();
    },
  });
  return {
    changed() {
      leases.begin(probeWork);
      current?.changed();
    },
    async stop() {
      await current?.stop();
    },
  };
}
