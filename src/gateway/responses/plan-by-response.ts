// Where a call goes that names a response which a provider keeps: to the deployment that made it, for its maker alone.
import { HeadgateError } from "../../core/errors.ts";
import type { ResponseOwner } from "../../domain/response-owner.ts";
import type { Destination } from "../attempt-plan.ts";
import type { Call } from "../call.ts";
import type { RoutingState } from "../routing/routing-state.ts";
import type { Principal, Target } from "../snapshot.ts";
import { type ResponseOwners, requireOwner, responseNotFound } from "./response-owners.ts";

export interface ByResponseDeps {
  responses: ResponseOwners;
  routing: RoutingState;
}

/**
 * The deployment for a call that names response `id`. `model`: the public name in the call's body; null when it has none.
 * Throws 404 `response_not_found`, 404 `model_not_found`, 503 `model_offline` or 503 `state_unavailable`.
 */
export async function destinationByResponse(
  deps: ByResponseDeps,
  call: Call,
  principal: Principal,
  { id, model }: { id: string; model: string | null },
): Promise<Destination> {
  const field = model === null ? null : "previous_response_id";
  const owner = await requireOwner(deps.responses, principal, id, field);
  const name = model ?? owner.model;
  // What the caller may no longer use is as good as gone.
  if (name !== "" && !principal.mayUse(name)) throw responseNotFound(field);
  const target = targetOf(call, owner, name);
  if (target === null) {
    throw responseNotFound(field, model === null ? undefined : "No endpoint of this model has that response.");
  }
  if (name !== "") call.model = name;
  if (target.deployment.status !== "active") {
    throw new HeadgateError("model_offline", {
      message: "The endpoint that keeps this response is offline for its model.",
      retryAfterSeconds: 30,
      ...(field === null ? {} : { field }),
    });
  }
  const { deployment, endpoint, timeouts } = target;
  const state = deps.routing.health.of(deployment.id);
  const why = "the response it names was made there";
  return { endpoint, timeouts, deploymentId: deployment.id, state, upstreamModel: deployment.upstreamModel, why };
}

/** The deployment itself, or another of the model's at the same endpoint. */
function targetOf(call: Call, owner: ResponseOwner, name: string): Target | null {
  const targets = call.snapshot.model(name)?.targets ?? [];
  return (
    targets.find(({ deployment }) => deployment.id === owner.deploymentId) ??
    targets.find(({ endpoint }) => endpoint.id === owner.endpointId) ??
    null
  );
}
