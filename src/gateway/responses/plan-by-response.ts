// Where a call goes that names a response which a provider keeps: to the deployment that made it, for its maker alone.
import type { Principal } from "../access.ts";
import { type Destination, destinationOf } from "../attempt-plan.ts";
import type { Call } from "../call.ts";
import { unknownModel } from "../model-errors.ts";
import type { RoutingState } from "../routing/routing-state.ts";
import { type ResponseOwners, requireOwner } from "./response-owners.ts";
import { followUpTarget, type KeptAt, keptResponse } from "./response-target.ts";

export interface ByResponseDeps {
  responses: ResponseOwners;
  routing: RoutingState;
}

const why = "the response it names was made there";

/**
 * The destination of a call that names response `id`. `model`: the public name in the call's body, which the caller may use; null
 * when the path names the response. Throws 404 `response_not_found`, 503 `model_offline` or 503 `state_unavailable`.
 */
export async function destinationByResponse(
  deps: ByResponseDeps,
  call: Call,
  principal: Principal,
  { id, model }: { id: string; model: string | null },
): Promise<Destination> {
  const owner = await requireOwner(deps.responses, principal, id, model === null ? null : "previous_response_id");
  const { target, endpoint, model: name } = model === null ? keptResponse(call.snapshot, principal, owner) : followUp(model);
  call.model = name;
  if (target !== null) return destinationOf({ target, state: deps.routing.health.of(target.deployment.id), why });
  const { timeouts } = endpoint;
  return { endpoint, timeouts, deploymentId: null, state: null, upstreamModel: "", price: null, why };

  function followUp(name: string): KeptAt {
    // It was there when the call came in, but the owner may have had to be looked up since.
    const route = call.snapshot.routeFor(principal, name) ?? unknownModel(call.snapshot);
    const target = followUpTarget(route, owner);
    return { target, endpoint: target.endpoint, model: name };
  }
}
