// Sums the usage of days that are over, every hour: reports over weeks add up few rows then.
import type { Clock, Timer } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { StorageUnavailable } from "../storage/ports/errors.ts";
import type { Storage } from "../storage/ports/storage.ts";

const everyMs = 3_600_000;
const firstAfterMs = 30_000;

/** The returned function stops it. A database that is away is left for the next time: reports are right without, only slower. */
export function startSummingDays({
  storage,
  clock,
  log,
}: {
  storage: () => Storage | null;
  clock: Clock;
  log: Logger;
}): () => void {
  let timer: Timer;
  const run = async () => {
    try {
      await storage()?.ledger.sumDays(clock.nowMs());
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) log.error({ err: error }, "summing the usage of past days failed");
    }
    timer = clock.after(everyMs, run);
  };
  timer = clock.after(firstAfterMs, run);
  return () => timer.cancel();
}
