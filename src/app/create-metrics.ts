// What the metrics of a process that has the database are read from.
import type { SeenManifests } from "../control/manifest/seen-manifests.ts";
import type { Publisher } from "../control/publish-snapshot.ts";
import type { Replicas } from "../control/replicas/replicas.ts";
import type { Clock } from "../core/clock.ts";
import { seenDeployments } from "../gateway/routing/seen-deployments.ts";
import { Metrics, type MetricsState } from "../telemetry/metrics.ts";
import type { Readiness } from "../telemetry/readiness.ts";
import type { DataPlane } from "./data-plane.ts";

export interface CreateMetricsOptions {
  /** Asked for with each scrape, when all parts are there. */
  parts: () => {
    data: DataPlane;
    bodies: ReturnType<MetricsState["bodies"]>;
    replicas: Replicas;
    publisher: Publisher;
  };
  ledger: { readonly backlogBytes: number };
  manifests: SeenManifests;
  readiness: Readiness;
  hasRedis: boolean;
  /** Of the workers; null: there are none. */
  others: MetricsState["others"] | null;
  startedAtMs: number;
  clock: Clock;
}

export function createMetrics(options: CreateMetricsOptions): Metrics {
  const { parts, ledger, manifests, readiness, hasRedis, others, startedAtMs, clock } = options;
  const current = () => parts().data.snapshots.current();
  return new Metrics({
    inFlight: () => parts().data.gateway.inFlight,
    heldBodyBytes: () => parts().data.gateway.heldBodyBytes,
    spoolBacklogBytes: () => ledger.backlogBytes,
    unrecorded: () => parts().data.spool.unrecorded,
    bodies: () => parts().bodies,
    snapshotVersion: () => current()?.version ?? 0,
    snapshotAgeSeconds: () => (clock.nowMs() - (current()?.builtAtMs ?? startedAtMs)) / 1000,
    databaseUp: () => !readiness.isDegraded("database"),
    redisUp: () => (hasRedis ? !readiness.isDegraded("redis") : null),
    manifests: () => manifests.current(),
    replicas: () => {
      const { replicas, publisher } = parts();
      const { othersAlive, leases, isListening } = replicas;
      return { alive: othersAlive + 1, leasesHeld: leases.held.length, isListening, reloads: publisher.reloads };
    },
    ...(others ? { others } : {}),
    deployments: () => seenDeployments(current(), parts().data.routing, clock.nowMs()),
  });
}
