// Allowances that the worker processes of one machine share: counted here, in the process that takes no calls itself.
import type { SnapshotContent, SnapshotPatch } from "../../domain/snapshot.ts";
import type { Allowances } from "./allowances.ts";
import { MemoryLeaseAuthority } from "./leases/memory-lease-authority.ts";
import { windowKeys } from "./leases/subject-leases.ts";
import { minuteWindow } from "./leases/window-lease.ts";
import { type RestoreRatesOptions, restoreRates } from "./restore-rates.ts";
import { SharedAllowances, type SharedAllowancesOptions } from "./shared-allowances.ts";

/** Of the one process that asks itself. */
const timeoutMs = 1000;

type OfThisProcess = "processId" | "storage" | "dataDir" | "clock" | "log" | "current" | "hasCaughtUp";

export interface AllowancesOfWorkersOptions
  extends Pick<SharedAllowancesOptions, OfThisProcess>,
    Pick<RestoreRatesOptions, "chargesOf"> {
  workers: number;
  /** Workers have outlived an earlier process of this kind: they will tell what they admitted. */
  isReplacement: boolean;
}

export async function openAllowancesOfWorkers(options: AllowancesOfWorkersOptions): Promise<Allowances> {
  const { workers, isReplacement, chargesOf, clock, storage } = options;
  const leaseAuthority = new MemoryLeaseAuthority({ isFirst: !isReplacement, isFrugal: true });
  const startedAtMs = clock.nowMs();
  const shared = await SharedAllowances.open({
    ...options,
    leaseAuthority,
    timeoutMs,
    processes: workers,
    isObserver: true,
    entries: () => leaseAuthority.entries(),
  });
  // What workers tell would count twice.
  let hasRates = isReplacement;

  async function prepare(part: SnapshotContent | SnapshotPatch): Promise<void> {
    if (!hasRates && !("part" in part)) {
      await restoreRates(part, { storage, clock, startedAtMs, chargesOf }, ({ subject, limits }, atMs, used) => {
        const ageMs = Math.max(0, clock.nowMs() - atMs);
        const { windowMs, slotMs } = minuteWindow;
        const book = (key: string, units: number) => leaseAuthority.book({ key, windowMs, slotMs }, ageMs, units);
        if (limits.requestsPerMinute !== null) book(windowKeys.minute(subject), used.requests);
        if (limits.tokensPerMinute !== null) book(windowKeys.tokens(subject), used.tokens);
      });
      hasRates = true;
    }
    await shared.prepare(part);
  }

  return {
    authority: shared.authority,
    leaseAuthority,
    prepare,
    views: shared.views,
    state: () => ({ redis: null, allowances: { authority: "memory", degraded_since: null } }),
    knownSpend: () => shared.knownSpend(),
    forget: (processId) => shared.forget(processId),
    stop: () => shared.stop(),
  };
}
