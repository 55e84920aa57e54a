// The deployments of a snapshot with what is known of them, for metrics and the log.
import type { Snapshot } from "../snapshot.ts";
import type { RoutingState } from "./routing-state.ts";

export interface SeenDeployment {
  endpoint: string;
  upstreamModel: string;
  /** False while it is benched or rests. */
  available: boolean;
  inFlight: number;
}

/** Those that have had calls or probes, each once. */
export function seenDeployments(snapshot: Snapshot | null, routing: RoutingState, nowMs: number): SeenDeployment[] {
  const seen = new Map<string, SeenDeployment>();
  for (const { targets } of snapshot?.models() ?? []) {
    for (const { deployment, endpoint } of targets) {
      const state = routing.health.find(deployment.id);
      if (state === null) continue;
      const { status, inFlight } = state.view(nowMs);
      const available = status === "healthy" || status === "trial";
      seen.set(deployment.id, { endpoint: endpoint.name, upstreamModel: deployment.upstreamModel, available, inFlight });
    }
  }
  return [...seen.values()];
}

/** Those that may not be called like any other now, with what they are. Cheap: for who asks often. */
export function* unreadyDeployments(routing: RoutingState, nowMs: number): Iterable<[deploymentId: string, condition: string]> {
  for (const state of routing.health.all()) {
    const condition = state.availability(nowMs);
    if (condition !== "ready") yield [state.deploymentId, condition];
  }
}

/** For people who read the log. */
export function namesOfDeployment(snapshot: Snapshot | null, id: string): { endpoint?: string; upstream_model?: string } {
  for (const { targets } of snapshot?.models() ?? []) {
    for (const { deployment, endpoint } of targets) {
      if (deployment.id === id) return { endpoint: endpoint.name, upstream_model: deployment.upstreamModel };
    }
  }
  return {};
}
