// The models an administrator named, at an endpoint whose list can't be had: taken at the administrator's word until it can.
import { newId } from "../../core/ids.ts";
import type { EndpointRow } from "../../storage/ports/endpoints.ts";
import type { Repositories } from "../../storage/ports/storage.ts";
import { modelIdOfName } from "./model-of-name.ts";
import { type Aliases, publicNameOf } from "./name-conflicts.ts";
import type { Selection } from "./selection.ts";

/**
 * Adds a deployment for every pinned model that `endpoint` has none of; the next list that lacks one takes it offline.
 * To be called in the transaction that writes the endpoint, whose `updated_at` dates them; the caller has refused
 * conflicting aliases and raises the configuration's version.
 */
export async function pinModels(repositories: Repositories, endpoint: EndpointRow): Promise<void> {
  const selection = JSON.parse(endpoint.models) as Selection;
  if (selection === "all") return;
  const aliases = JSON.parse(endpoint.aliases) as Aliases;
  const known = new Set((await repositories.deployments.ofEndpoint(endpoint.id)).map((row) => row.upstream_model));
  for (const upstreamModel of selection) {
    if (known.has(upstreamModel)) continue;
    known.add(upstreamModel);
    await repositories.deployments.insert({
      id: newId("dep"),
      endpoint_id: endpoint.id,
      model_id: await modelIdOfName(repositories, publicNameOf(upstreamModel, aliases), endpoint.updated_at),
      upstream_model: upstreamModel,
      source: "discovered",
      status: "active",
      reason: null,
      since: endpoint.updated_at,
      removed_at: null,
      created_at: endpoint.updated_at,
      updated_at: endpoint.updated_at,
    });
  }
}
