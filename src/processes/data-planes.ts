// The data plane of this process and those of its workers, as one: what there is to serve goes to all, how it goes comes from all.
import type { DataPlane } from "../app/data-plane.ts";
import type { SeenProcess } from "../control/admin/system/present-processes.ts";
import type { SnapshotTarget } from "../control/publish-snapshot.ts";
import type { Clock } from "../core/clock.ts";
import type { ExplainQuestion, Explanation } from "../domain/explanation.ts";
import type { Limits } from "../domain/limits.ts";
import type { SeenHealth } from "../domain/seen-health.ts";
import type { SnapshotContent, SnapshotPatch } from "../domain/snapshot.ts";
import { explain } from "../gateway/routing/explain.ts";
import { unreadyDeployments } from "../gateway/routing/seen-deployments.ts";
import { mergeSpools } from "./merge-spools.ts";
import type { ProbeResult, WorkerStatus } from "./protocol.ts";
import type { WorkerHub } from "./worker-hub.ts";

export interface DataPlanesOptions {
  own: DataPlane;
  /** Null: there are no workers. */
  hub: WorkerHub | null;
  defaultLimits: Limits;
  startedAtMs: number;
  clock: Clock;
}

export class DataPlanes implements SnapshotTarget {
  readonly #options: DataPlanesOptions;

  constructor(options: DataPlanesOptions) {
    this.#options = options;
  }

  /** Resolves when all work from it. */
  replace(content: SnapshotContent): Promise<void> | void {
    const { own, hub } = this.#options;
    own.snapshots.replace(content);
    return hub?.replace(content);
  }

  /** Resolves when all work from it. */
  apply(patch: SnapshotPatch, nowMs: number): Promise<void> | void {
    const { own, hub } = this.#options;
    own.snapshots.apply(patch, nowMs);
    return hub?.apply(patch, nowMs);
  }

  /** While the database is away: workers may have something newer. */
  async replaceByStored(content: SnapshotContent): Promise<void> {
    const { own, hub } = this.#options;
    own.snapshots.replace(content);
    await hub?.replace(content, { isStored: true });
  }

  probed(results: readonly ProbeResult[]): void {
    const { own, hub } = this.#options;
    // Where workers serve, no call would end a bench here, and each change would be told once more.
    if (hub === null) own.probed(results);
    else hub.probed(results);
  }

  /** Null: nobody knows anything of this deployment. */
  health(deploymentId: string): SeenHealth | null {
    const { own, hub, clock } = this.#options;
    return hub?.health(deploymentId) ?? own.routing.health.find(deploymentId)?.view(clock.nowMs()) ?? null;
  }

  /** What is the matter with deployments that may not be called like any other now. */
  *conditions(): Iterable<[name: string, condition: string]> {
    const { own, hub, clock } = this.#options;
    yield* unreadyDeployments(own.routing, clock.nowMs());
    if (hub !== null) yield* hub.conditions();
  }

  /** Null: there is no snapshot yet. */
  async explain(question: ExplainQuestion): Promise<Explanation | null> {
    const { own, hub, clock, defaultLimits } = this.#options;
    const snapshot = own.snapshots.current();
    const nowMs = clock.nowMs();
    if (snapshot === null) return null;
    // What calls have shown of deployments, only those know that serve them.
    const ofWorker = (await hub?.explain(question, nowMs)) ?? null;
    return ofWorker ?? explain(snapshot, own.routing, question, nowMs, defaultLimits);
  }

  spools(): WorkerStatus["spool"] {
    const { own, hub } = this.#options;
    const { accepting, failure, unrecorded } = own.spool;
    const ofWorkers = (hub?.workers ?? []).flatMap(({ status }) => (status === null ? [] : [status.spool]));
    return mergeSpools([{ accepting, failure: failure?.message ?? null, unrecorded }, ...ofWorkers]);
  }

  processes(): SeenProcess[] {
    const { own, hub, startedAtMs } = this.#options;
    const self = { pid: process.pid, startedAtMs, snapshotVersion: own.snapshots.current()?.version ?? null };
    if (hub === null) return [{ role: "all", name: "headgate", ...self, callsInFlight: own.gateway.inFlight }];
    const workers = hub.workers.map(({ status, ...hello }) => ({
      ...hello,
      role: "worker" as const,
      callsInFlight: status?.callsInFlight ?? null,
      snapshotVersion: status?.snapshotVersion || null,
    }));
    return [{ role: "control", name: "control", ...self, callsInFlight: null }, ...workers];
  }
}
