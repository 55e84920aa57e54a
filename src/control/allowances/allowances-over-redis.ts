// Allowances that all processes on one Redis share: its connection, how it is, and how many shared when it was last there.
import { formatTime } from "../../api/time.ts";
import type { Secret } from "../../core/secret.ts";
import type { AllowanceReadiness, Allowances } from "./allowances.ts";
import { RememberedProcesses } from "./leases/remembered-processes.ts";
import { RedisAuthority } from "./redis/redis-authority.ts";
import { SharedAllowances, type SharedAllowancesOptions } from "./shared-allowances.ts";

type OfThisProcess = "processId" | "storage" | "dataDir" | "clock" | "log" | "current" | "hasCaughtUp" | "isObserver";

export interface AllowancesOverRedisOptions extends Pick<SharedAllowancesOptions, OfThisProcess> {
  redis: { url: Secret; timeoutMs: number };
  /** Of `/readyz`. */
  readiness: AllowanceReadiness;
}

export async function openAllowancesOverRedis({ redis, readiness, ...options }: AllowancesOverRedisOptions): Promise<Allowances> {
  const { clock, log, dataDir } = options;
  const remembered = await RememberedProcesses.read(dataDir, log);
  let lastError = "";
  const authority = new RedisAuthority({
    url: redis.url,
    onError: (error) => {
      // It tries again several times a second: once for each cause is enough.
      if (error.message === lastError) return;
      lastError = error.message;
      log.warn({ err: error }, "there is no connection to Redis");
    },
  });
  await authority.connected();
  let processes = remembered.count;
  const shared = await SharedAllowances.open({
    ...options,
    leaseAuthority: authority,
    timeoutMs: redis.timeoutMs,
    processes,
    onProcesses(count) {
      processes = count;
      remembered.set(count);
    },
    onState({ status, detail }, error) {
      if (status === "away") {
        readiness.degraded("redis", `${detail}; limits and budgets are held to this process's share`, clock.nowMs());
        log.error({ err: error, processes }, "Redis is away: calls are admitted within this process's share of the limits");
      } else {
        lastError = "";
        readiness.restored("redis");
        log.info({ processes }, "Redis answers: limits and budgets hold for all processes together");
      }
    },
  });
  return {
    authority: shared.authority,
    leaseAuthority: null,
    prepare: shared.prepare,
    views: shared.views,
    state() {
      const { status, sinceMs, detail } = shared.authority.state;
      const { latencyMs } = authority;
      const since = formatTime(sinceMs);
      const latency = latencyMs === null ? null : Math.round(latencyMs * 100) / 100;
      return {
        redis: { status, since, latency_ms: latency, detail: detail === "" ? null : detail },
        allowances: { authority: "redis", degraded_since: status === "away" ? since : null },
      };
    },
    knownSpend: () => shared.knownSpend(),
    forget: (processId) => shared.forget(processId),
    stop: () => shared.stop(),
  };
}
