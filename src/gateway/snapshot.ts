// The gateway's indexed view of the configuration: every question a request asks is one or two map lookups.
import type {
  EndpointView,
  GroupView,
  KeyView,
  ModelView,
  SnapshotContent,
  SnapshotPatch,
  TargetView,
} from "../domain/snapshot.ts";
import type { Timeouts } from "../domain/timeouts.ts";
import { type ModelMatcher, modelMatcher } from "./model-matcher.ts";

/** A key with what is computed from it once, not per request. */
export interface Principal {
  key: KeyView;
  /** Whether key and group together allow a model. */
  mayUse: ModelMatcher;
}

export interface Target {
  deployment: TargetView;
  endpoint: EndpointView;
  /** The endpoint's, with the model's own in place of those that it sets. */
  timeouts: Timeouts;
}

export interface ModelRoute {
  model: ModelView;
  targets: readonly Target[];
  /** Those that calls may go to, in the model's order: what their health says is a matter of the moment. */
  active: readonly Target[];
  /** When a call is over whatever happens: two of the longest totals of its targets, so that a hung one leaves time for another. */
  callMsMax: number;
}

export class Snapshot {
  version: number;
  builtAtMs: number;
  readonly #keysById = new Map<string, KeyView>();
  readonly #principals = new Map<string, Principal>();
  readonly #groups = new Map<string, GroupView>();
  #models = new Map<string, ModelRoute>();
  #endpointsByName = new Map<string, EndpointView>();
  #endpointsById = new Map<string, EndpointView>();

  constructor(content: SnapshotContent) {
    this.version = content.version;
    this.builtAtMs = content.builtAtMs;
    for (const group of content.groups) this.#groups.set(group.id, group);
    for (const key of content.keys) this.#putKey(key);
    this.#putRouting(content.endpoints, content.models);
  }

  /** The principal of a key's digest, expired or not; undefined when no key has it. */
  principal(digest: string): Principal | undefined {
    return this.#principals.get(digest);
  }

  key(id: string): KeyView | undefined {
    return this.#keysById.get(id);
  }

  group(id: string): GroupView | undefined {
    return this.#groups.get(id);
  }

  model(name: string): ModelRoute | undefined {
    return this.#models.get(name);
  }

  /** By name. */
  models(): Iterable<ModelRoute> {
    return this.#models.values();
  }

  endpointByName(name: string): EndpointView | undefined {
    return this.#endpointsByName.get(name);
  }

  endpoints(): Iterable<EndpointView> {
    return this.#endpointsById.values();
  }

  get sizes(): { keys: number; models: number; endpoints: number } {
    return { keys: this.#keysById.size, models: this.#models.size, endpoints: this.#endpointsById.size };
  }

  /** Applies one patch. Single-threaded JavaScript makes it atomic for requests; those under way keep the routes they hold. */
  apply(patch: SnapshotPatch, nowMs: number): void {
    if (patch.part === "key") {
      this.#removeKey(patch.id);
      if (patch.key !== null) this.#putKey(patch.key);
    } else {
      this.#putRouting(patch.endpoints, patch.models);
    }
    this.version = patch.version;
    this.builtAtMs = nowMs;
  }

  /** The content again, for the copy on disk. */
  content(): SnapshotContent {
    return {
      version: this.version,
      builtAtMs: this.builtAtMs,
      keys: [...this.#keysById.values()],
      groups: [...this.#groups.values()],
      ...this.routing(),
    };
  }

  /** The part of it that is not about callers. */
  routing(): Pick<SnapshotContent, "endpoints" | "models"> {
    return {
      endpoints: [...this.#endpointsById.values()],
      models: [...this.#models.values()].map((route) => route.model),
    };
  }

  #putKey(key: KeyView): void {
    const mayUse = modelMatcher(key.models, this.#groups.get(key.groupId)?.models ?? []);
    const principal = { key, mayUse };
    this.#keysById.set(key.id, key);
    this.#principals.set(key.digest, principal);
    if (key.previousDigest !== null) this.#principals.set(key.previousDigest, principal);
  }

  #removeKey(id: string): void {
    const key = this.#keysById.get(id);
    if (key === undefined) return;
    this.#keysById.delete(id);
    this.#principals.delete(key.digest);
    if (key.previousDigest !== null) this.#principals.delete(key.previousDigest);
  }

  #putRouting(endpoints: readonly EndpointView[], models: readonly ModelView[]): void {
    const byId = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]));
    const routes = new Map<string, ModelRoute>();
    for (const model of models.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const targets: Target[] = [];
      for (const deployment of model.deployments) {
        const endpoint = byId.get(deployment.endpointId);
        if (endpoint !== undefined) {
          targets.push({ deployment, endpoint, timeouts: { ...endpoint.timeouts, ...model.timeouts } });
        }
      }
      const active = targets.filter(({ deployment }) => deployment.status === "active");
      const callMsMax = 2 * Math.max(0, ...targets.map(({ timeouts }) => timeouts.totalMs));
      routes.set(model.name, { model, targets, active, callMsMax });
    }
    this.#endpointsById = byId;
    this.#endpointsByName = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
    this.#models = routes;
  }
}
