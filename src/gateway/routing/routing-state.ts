// What routing remembers of deployments and models. It outlives calls and snapshots, and follows the configuration.
import { PerModel } from "../failover/per-model.ts";
import type { HealthOptions } from "../health/deployment-state.ts";
import { HealthRegistry } from "../health/health-registry.ts";
import type { Snapshot } from "../snapshot.ts";
import { ModelState } from "./model-state.ts";

export class RoutingState {
  readonly health: HealthRegistry;
  readonly models = new PerModel(() => new ModelState());
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
  /** Of each deployment's endpoint, when last looked at. */
  #endpointVersions = new Map<string, number>();

  constructor(options: HealthOptions) {
    this.random = options.random;
    this.health = new HealthRegistry(options);
  }

  /** Forgets deployments and models that are gone; what was learned of a deployment whose endpoint was edited no longer holds. */
  follow(snapshot: Snapshot, nowMs: number): void {
    const versions = new Map<string, number>();
    const modelIds = new Set<string>();
    for (const { model, targets } of snapshot.models()) {
      modelIds.add(model.id);
      for (const { deployment, endpoint } of targets) versions.set(deployment.id, endpoint.version);
    }
    for (const state of this.health.all()) {
      const before = this.#endpointVersions.get(state.deploymentId);
      if (before !== undefined && before !== versions.get(state.deploymentId)) state.reconfigured(nowMs);
    }
    this.health.keepOnly(versions.keys());
    this.models.keepOnly(modelIds);
    this.#endpointVersions = versions;
  }
}
