// Answers the data plane's question what a caller has used, from the roll-ups, with rows as the admin API's /usage has them.
import { formatTime } from "../api/time.ts";
import type { UsageReport } from "../api/usage.ts";
import { StorageUnavailable } from "../storage/ports/errors.ts";
import type { Storage } from "../storage/ports/storage.ts";
import { presentUsage } from "./admin/usage/present.ts";

/** As the gateway's port has it. */
export interface CallerUsageRequest {
  /** Inclusive, exclusive; ms, whole hours. */
  fromMs: number;
  toMs: number;
  /** One of them is null. */
  keyId: string | null;
  userId: string | null;
  byModel: boolean;
  bucket: "hour" | "day" | null;
}

const noNames = { keys: new Map(), users: new Map(), groups: new Map() };

/** The gateway's UsageSource; rejects with StorageUnavailable when it can't be told. */
export class CallerUsage {
  readonly #storage: () => Storage | null;

  /** `storage`: null while there is no database. */
  constructor(storage: () => Storage | null) {
    this.#storage = storage;
  }

  async ofCaller({ fromMs, toMs, keyId, userId, byModel, bucket }: CallerUsageRequest): Promise<UsageReport> {
    const storage = this.#storage();
    if (storage === null) throw new StorageUnavailable("there is no database yet");
    const groupBy = byModel ? (["model"] as const) : [];
    const filter = keyId === null ? { user: userId ?? "" } : { key: keyId };
    // Of a user, the index by user finds the hours.
    const ownedBy = keyId === null && userId !== null ? { userId, groupIds: [] } : undefined;
    const rows = await storage.ledger.usage({ fromMs, toMs, groupBy, bucket, filter, ownedBy });
    const data = rows.map((row) => presentUsage(row, groupBy, noNames));
    return { data, next_cursor: null, from: formatTime(fromMs), to: formatTime(toMs) };
  }
}
