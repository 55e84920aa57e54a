// Rates over a restart: the ledger says what was admitted in the minute before this process began, whatever ended the one before.
import type { Clock } from "../../core/clock.ts";
import type { Charge } from "../../domain/allowance.ts";
import type { SnapshotContent } from "../../domain/snapshot.ts";
import type { RecentRequest } from "../../storage/ports/ledger.ts";
import type { Storage } from "../../storage/ports/storage.ts";

const minuteMs = 60_000;
/** At most so many requests are counted, the newest. */
const restoredMax = 300_000;

export interface RestoreRatesOptions {
  storage: Pick<Storage, "ledger">;
  clock: Clock;
  startedAtMs: number;
  /** What a request of the ledger drew on, by the configuration in `content`. */
  chargesOf: (content: SnapshotContent) => (request: RecentRequest) => readonly Charge[];
}

/** Calls `count` with each charge that has a limit of a minute. Throws StorageUnavailable. */
export async function restoreRates(
  content: SnapshotContent,
  { storage, clock, startedAtMs, chargesOf }: RestoreRatesOptions,
  count: (charge: Charge, atMs: number, used: { requests: number; tokens: number }) => void,
): Promise<void> {
  const fromMs = clock.nowMs() - minuteMs;
  if (fromMs >= startedAtMs) return;
  const requests = await storage.ledger.recentRequests({ fromMs, toMs: startedAtMs, limit: restoredMax });
  if (requests.length === 0) return;
  const charges = chargesOf(content);
  for (const request of requests) {
    for (const charge of charges(request)) {
      const { requestsPerMinute, tokensPerMinute } = charge.limits;
      if (requestsPerMinute === null && tokensPerMinute === null) continue;
      count(charge, request.startedAtMs, { requests: 1, tokens: request.tokens });
    }
  }
}
