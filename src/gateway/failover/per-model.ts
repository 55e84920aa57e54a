// Failover state that each model has one of; it outlives snapshots and goes with its model.

/** Bounded by the models of the snapshot: whoever publishes one calls `keepOnly`. */
export class PerModel<State> {
  readonly #create: () => State;
  readonly #states = new Map<string, State>();

  constructor(create: () => State) {
    this.#create = create;
  }

  /** The model's own; made when it is first asked for. */
  of(modelId: string): State {
    let state = this.#states.get(modelId);
    if (state === undefined) {
      state = this.#create();
      this.#states.set(modelId, state);
    }
    return state;
  }

  /** That of a model that has been asked for before; null of any other. */
  find(modelId: string): State | null {
    return this.#states.get(modelId) ?? null;
  }

  /** Forgets all other models. A request that still holds an older snapshot may bring one back, until the next call. */
  keepOnly(modelIds: ReadonlySet<string>): void {
    for (const modelId of this.#states.keys()) if (!modelIds.has(modelId)) this.#states.delete(modelId);
  }

  get size(): number {
    return this.#states.size;
  }
}
