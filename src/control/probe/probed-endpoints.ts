// Which endpoints are to be probed, and whose health their probes tell.
import type { Probe } from "../../domain/probe.ts";
import type { EndpointView, SnapshotContent } from "../../domain/snapshot.ts";

export interface ProbedEndpoint {
  endpoint: EndpointView;
  probe: Probe;
  /** The upstream models of its active deployments, by deployment id; each once, however many models have it as a target. */
  deployments: Map<string, string>;
}

/** The endpoints that have a probe, by id. */
export function probedEndpoints(view: Pick<SnapshotContent, "endpoints" | "models"> | null): Map<string, ProbedEndpoint> {
  const probed = new Map<string, ProbedEndpoint>();
  for (const endpoint of view?.endpoints ?? []) {
    if (endpoint.probe !== null) probed.set(endpoint.id, { endpoint, probe: endpoint.probe, deployments: new Map() });
  }
  if (probed.size === 0) return probed;
  for (const { deployments } of view?.models ?? []) {
    for (const { id, endpointId, upstreamModel, status } of deployments) {
      if (status === "active") probed.get(endpointId)?.deployments.set(id, upstreamModel);
    }
  }
  return probed;
}
