// Picks who says whether a call is within its allowances: this process alone, this one for its workers, or all that share a Redis.
import type { Secret } from "../../core/secret.ts";
import type { Allowances } from "./allowances.ts";
import { openAllowancesOfWorkers } from "./allowances-of-workers.ts";
import { openAllowancesOverRedis } from "./allowances-over-redis.ts";
import { LocalAllowances, type LocalAllowancesOptions } from "./local-allowances.ts";

export type { Allowances } from "./allowances.ts";

export interface CreateAllowancesOptions extends LocalAllowancesOptions {
  redis: { url: Secret | null; timeoutMs: number };
  processId: string;
  /** How many worker processes take the calls; 0 (the default): this one does. */
  workers?: number;
  /** Workers have outlived an earlier process of this kind. Default false. */
  isReplacement?: boolean;
}

export async function createAllowances(options: CreateAllowancesOptions): Promise<Allowances> {
  const { redis, workers = 0, isReplacement = false } = options;
  const { url, timeoutMs } = redis;
  if (url !== null) return openAllowancesOverRedis({ ...options, redis: { url, timeoutMs }, isObserver: workers > 0 });
  if (workers > 0) return openAllowancesOfWorkers({ ...options, workers, isReplacement });
  return inMemory(await LocalAllowances.open(options));
}

function inMemory(local: LocalAllowances): Allowances {
  return {
    authority: local.authority,
    leaseAuthority: null,
    prepare: local.prepare,
    views: (asked, nowMs) => local.views(asked, nowMs),
    state: () => ({ redis: null, allowances: { authority: "memory", degraded_since: null } }),
    knownSpend: () => new Map(local.accounts.entries()),
    forget: () => {},
    stop: () => local.stop(),
  };
}
