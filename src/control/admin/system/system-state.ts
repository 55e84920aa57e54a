// What a running Headgate knows of itself, put together from its parts without asking the database.
import type { SystemState } from "../../../api/system.ts";
import { formatTime } from "../../../api/time.ts";
import type { SeenManifest } from "../../manifest/seen-manifests.ts";
import { catalogueVersion } from "../../prices/catalogue-version.ts";

export interface SystemParts {
  version: string;
  startedAtMs: number;
  /** Why it is degraded; empty: it is not. */
  reasons: readonly SystemState["reasons"][number][];
  snapshot: { version: number; builtAtMs: number; sizes: SnapshotSizes } | null;
  spool: { accepting: boolean; failure: string | null; unrecorded: number };
  backlogBytes: number;
  engine: SystemState["database"]["engine"];
  manifests: readonly SeenManifest[];
  /** Models of which some deployment has no price. */
  unpricedModels: number;
  warnings: readonly string[];
  replicas: SystemState["replicas"];
  processes: SystemState["processes"];
  /** Left out: none is configured. */
  redis?: SystemState["redis"];
  /** Left out: they are counted in memory. */
  allowances?: SystemState["allowances"];
}

type SnapshotSizes = Omit<NonNullable<SystemState["snapshot"]>, "version" | "built_at" | "age_seconds">;

export function systemState(parts: SystemParts, nowMs: number): SystemState {
  const { startedAtMs, reasons, snapshot, spool, manifests } = parts;
  const secondsSince = (timeMs: number) => Math.floor((nowMs - timeMs) / 1000);
  const database = reasons.find((reason) => reason.part === "database");
  const ofSnapshot = snapshot && {
    version: snapshot.version,
    built_at: formatTime(snapshot.builtAtMs),
    age_seconds: secondsSince(snapshot.builtAtMs),
    ...snapshot.sizes,
  };
  return {
    version: parts.version,
    node: process.version,
    started_at: formatTime(startedAtMs),
    uptime_seconds: secondsSince(startedAtMs),
    status: reasons.length === 0 ? "ok" : "degraded",
    reasons: [...reasons],
    snapshot: ofSnapshot,
    spool: {
      backlog_bytes: parts.backlogBytes,
      accepting: spool.accepting,
      failure: spool.failure,
      unrecorded_attempts: spool.unrecorded,
    },
    database: {
      engine: parts.engine,
      state: database === undefined ? "ok" : "unavailable",
      since: database?.since ?? null,
      detail: database?.detail ?? null,
    },
    redis: parts.redis ?? null,
    allowances: parts.allowances ?? { authority: "memory", degraded_since: null },
    prices: { ...catalogueVersion, unpriced_models: parts.unpricedModels },
    replicas: parts.replicas,
    processes: parts.processes,
    manifests: manifests.map(({ name, status, ageSeconds }) => ({ name, status, age_seconds: ageSeconds })),
    warnings: [...parts.warnings],
  };
}
