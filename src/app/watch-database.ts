// Looks for changes made elsewhere, notices when the database or the spool goes, and takes the database back when it returns.
import type { Clock, Timer } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { Readiness } from "../telemetry/readiness.ts";

export interface DatabaseWatchOptions {
  /** Whether this start has migrated it. */
  isReady: () => boolean;
  /** What a start does with it. Rejects while it is away. */
  prepare: () => Promise<void>;
  /** Publishes what was changed elsewhere. Rejects while it is away. */
  catchUp: () => Promise<unknown>;
  /** Why it takes no usage at the moment; null while it does. */
  writeFailure: () => Error | null;
  /** Before each look. */
  onLook: () => void;
  readiness: Readiness;
  clock: Clock;
  log: Logger;
}

const pollEveryMs = 1000;
const retryMs = 2000;

/** Returns what ends it. */
export function watchDatabase(options: DatabaseWatchOptions): () => void {
  const { readiness, clock, log } = options;
  let timer: Timer;
  let stopped = false;
  const look = async () => {
    options.onLook();
    try {
      await (options.isReady() ? options.catchUp() : options.prepare());
      // A database that is read but takes no writes is away too.
      const failure = options.writeFailure();
      if (failure !== null) throw failure;
      if (readiness.isDegraded("database")) log.info({}, "the database is back");
      readiness.restored("database");
    } catch (error) {
      if (!readiness.isDegraded("database")) log.error({ err: error }, "the database is away; calls continue");
      // The cause, which may name hosts, is for the log: /readyz needs no key.
      readiness.degraded("database", "it does not answer, or takes no writes", clock.nowMs());
    }
    if (!stopped) timer = clock.after(readiness.isDegraded("database") ? retryMs : pollEveryMs, look);
  };
  timer = clock.after(pollEveryMs, look);
  return () => {
    stopped = true;
    timer.cancel();
  };
}
