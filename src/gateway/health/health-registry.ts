// The states of all deployments, by deployment: they outlive every change of the configuration.
import { DeploymentState, type HealthOptions } from "./deployment-state.ts";

/** More deployments than this are not expected: beyond, the state that was made first gives way. */
const statesMax = 100_000;

export class HealthRegistry {
  readonly #options: HealthOptions;
  readonly #statesMax: number;
  readonly #states = new Map<string, DeploymentState>();

  constructor(options: HealthOptions & { statesMax?: number }) {
    this.#options = options;
    this.#statesMax = options.statesMax ?? statesMax;
  }

  /** The state of a deployment; a new, healthy one at first. */
  of(deploymentId: string): DeploymentState {
    return this.#states.get(deploymentId) ?? this.#add(deploymentId);
  }

  /** The state of a deployment that has had calls or probes; null of any other. */
  find(deploymentId: string): DeploymentState | null {
    return this.#states.get(deploymentId) ?? null;
  }

  /**
   * Forgets all other deployments than these. Attempts of theirs that are under way end without effect, and a deployment that
   * comes back later begins anew.
   */
  keepOnly(deploymentIds: Iterable<string>): void {
    const kept = new Set(deploymentIds);
    for (const id of this.#states.keys()) {
      if (!kept.has(id)) this.#states.delete(id);
    }
  }

  all(): Iterable<DeploymentState> {
    return this.#states.values();
  }

  #add(deploymentId: string): DeploymentState {
    const state = new DeploymentState(deploymentId, {
      random: this.#options.random,
      onTransition: (transition) => {
        // Not of one that is forgotten: it is no deployment any more, or another state tells of it.
        if (this.#states.get(deploymentId) === state) this.#options.onTransition(transition);
      },
    });
    for (const oldest of this.#states.keys()) {
      if (this.#states.size < this.#statesMax) break;
      this.#states.delete(oldest);
    }
    this.#states.set(deploymentId, state);
    return state;
  }
}
