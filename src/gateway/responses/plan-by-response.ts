// Where a call goes that names a response: no pool chooses, and no other target is tried.
import type { EndpointView } from "../../domain/snapshot.ts";
import { type AttemptPlan, type Destination, destinationOf } from "../attempt-plan.ts";
import type { Call } from "../call.ts";
import { type BodyBudget, type BodyLimits, type ReceivedBody, receiveBody } from "../receive-body.ts";
import type { CallRoute } from "../route.ts";
import type { RoutingState } from "../routing/routing-state.ts";
import type { ModelRoute, Principal, Target } from "../snapshot.ts";
import { type ResponseOwners, requireOwner } from "./response-owners.ts";
import { followUpTarget, keptResponse } from "./response-target.ts";

export interface ResponsePlanDeps {
  responses: ResponseOwners;
  routing: RoutingState;
  limits: BodyLimits;
  budget: BodyBudget;
}

const keepsIt = "it keeps the response";

/** `GET /responses/{id}` and the like: the path names a response that the caller made. */
export async function planByResponse(
  deps: ResponsePlanDeps,
  call: Call,
  principal: Principal,
  route: CallRoute,
  callersEndAtMs: number,
): Promise<AttemptPlan> {
  const owner = await requireOwner(deps.responses, principal, route.responseId ?? "", null);
  const { endpoint, target, model } = keptResponse(call.snapshot, principal, owner);
  call.model = model;
  const received = await receiveBody(call, deps.limits, deps.budget, "keep");
  // Nothing in it is ours to change.
  const body: ReceivedBody = { ...received, json: null, modelRange: null };
  const first = target === null ? atEndpoint(endpoint) : atTarget(deps, target, keepsIt);
  return { call, route, first, tries: null, body, endsAtMs: Math.min(call.startedAtMs + first.timeouts.totalMs, callersEndAtMs) };
}

/** A call to a model that goes on from the response in its body. */
export async function planFollowUp(
  deps: ResponsePlanDeps,
  call: Call,
  principal: Principal,
  { route, modelRoute, body, previousId }: { route: CallRoute; modelRoute: ModelRoute; body: ReceivedBody; previousId: string },
  callersEndAtMs: number,
): Promise<AttemptPlan> {
  const owner = await requireOwner(deps.responses, principal, previousId, "previous_response_id");
  const first = atTarget(deps, followUpTarget(modelRoute, owner), "it keeps the previous response");
  return { call, route, first, tries: null, body, endsAtMs: Math.min(call.startedAtMs + first.timeouts.totalMs, callersEndAtMs) };
}

/** True for `DELETE /responses/{id}` itself. */
export function isDeletion(method: string, { rest, responseId }: CallRoute): boolean {
  return method === "DELETE" && responseId !== null && /\/responses\/[^/]+\/?$/i.test(rest);
}

function atTarget(deps: ResponsePlanDeps, target: Target, why: string): Destination {
  return destinationOf({ target, state: deps.routing.health.of(target.deployment.id), why });
}

function atEndpoint(endpoint: EndpointView): Destination {
  const { timeouts } = endpoint;
  return { endpoint, timeouts, deploymentId: null, state: null, upstreamModel: "", why: keepsIt };
}
