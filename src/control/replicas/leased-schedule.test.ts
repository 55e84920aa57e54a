// Synchronisations follow the configuration only where they have begun, and are done by whoever holds the lease.
import { expect, test } from "vitest";
import { systemClock } from "../../core/clock.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import type { SyncSchedule } from "../discovery/schedule.ts";
import { leasedSyncSchedule, syncWork } from "./leased-schedule.ts";
import { WorkLeases } from "./work-lease.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

test("a schedule whose start failed does nothing once another replica has the work", async () => {
  let [isAway, refreshed, stopped, holdsIt] = [true, 0, 0, true];
  const leases = new WorkLeases({
    leases: {
      acquire: async (names) => (holdsIt ? [...names] : []),
      release: async () => {},
      held: async () => [],
    },
    holder: "a",
    names: [syncWork],
    clock: systemClock,
    log: silent,
  });
  const schedule = leasedSyncSchedule(leases, (): SyncSchedule => {
    return {
      async refresh() {
        if (isAway) throw new StorageUnavailable("on purpose");
        refreshed++;
      },
      async stop() {
        stopped++;
      },
    };
  });
  const settled = () => new Promise((resolve) => setTimeout(resolve, 10));
  await leases.beat();
  await schedule.refresh().catch(() => undefined);
  await settled();
  [isAway, holdsIt] = [false, false];
  await leases.beat();
  await schedule.follow();
  expect([refreshed, stopped]).toEqual([0, 1]);
  holdsIt = true;
  await leases.beat();
  await settled();
  await schedule.follow();
  expect(refreshed).toBe(2);
  await leases.stop();
  await schedule.follow();
  expect([refreshed, stopped]).toEqual([2, 2]);
});
