// A deployment's health as the admin API shows it.
import type { HealthBody } from "../../../api/models.ts";
import { formatTime, formatTimeOrNull } from "../../../api/time.ts";
import type { SeenHealth } from "../../../domain/seen-health.ts";

export function presentHealth(seen: SeenHealth): HealthBody {
  return {
    status: seen.status,
    cause: seen.cause,
    since: formatTimeOrNull(seen.sinceMs),
    until: seen.untilMs === null ? null : formatTime(Math.round(seen.untilMs)),
    latency_ms: seen.latencyMs === null ? null : Math.round(seen.latencyMs * 10) / 10,
    in_flight: seen.inFlight,
    failure_ratio: seen.failureRatio === null ? null : Math.round(seen.failureRatio * 1000) / 1000,
  };
}
