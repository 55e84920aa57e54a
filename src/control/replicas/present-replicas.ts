// The replicas as the System page shows them.
import type { SystemState } from "../../api/system.ts";
import { formatTime } from "../../api/time.ts";
import type { SeenReplica } from "./replica-registry.ts";

export function presentReplicas(replicas: readonly (SeenReplica & { holds: readonly string[] })[]): SystemState["replicas"] {
  return replicas.map((replica) => ({
    id: replica.id,
    host: replica.host,
    version: replica.version,
    started_at: formatTime(replica.started_at),
    seen_at: formatTime(replica.seenAtMs),
    is_self: replica.isSelf,
    is_gone: replica.isGone,
    config_version: replica.config_version,
    spool_backlog_bytes: replica.spool_backlog_bytes,
    holds: [...replica.holds],
    allowances: replica.allowances === "degraded" ? ("degraded" as const) : ("ok" as const),
  }));
}
