// Where a call goes that names a response: to the place that keeps it, whatever a pool would choose.

import { HeadgateError } from "../../core/errors.ts";
import type { ResponseOwner } from "../../domain/response-owner.ts";
import type { EndpointView } from "../../domain/snapshot.ts";
import { mayReach, type Principal } from "../access.ts";
import type { ModelRoute, Snapshot, Target } from "../snapshot.ts";
import { responseNotFound } from "./response-owners.ts";

/**
 * The target of a call to `route`'s model that goes on from a response (`previous_response_id`): the deployment that made it or,
 * for another model than that response's, one at the same endpoint, whose account keeps it. Throws 404 `response_not_found`
 * when the model has neither, 503 `model_offline` when it is not online.
 */
export function followUpTarget(route: ModelRoute, owner: ResponseOwner): Target {
  const { targets, model } = route;
  const atEndpoint = targets.filter(({ endpoint }) => endpoint.id === owner.endpointId);
  const target =
    atEndpoint.find(({ deployment }) => deployment.id === owner.deploymentId) ?? atEndpoint.find(isActive) ?? atEndpoint[0];
  if (target === undefined) {
    const message = `The endpoint that keeps this response does not serve the model '${model.name}'.`;
    throw responseNotFound("previous_response_id", message);
  }
  if (!isActive(target)) throw offline(model.name, "previous_response_id");
  return target;
}

/** Where a kept response is, and through which of the caller's models: none when a call without a model made it. */
export interface KeptAt {
  endpoint: EndpointView;
  target: Target | null;
  model: string | null;
}

/**
 * Where `GET`, `DELETE` and the like of a response go. Throws 404 `response_not_found` when its deployment is gone or the caller
 * may use none of its models any more, 503 `model_offline` when it is not online.
 */
export function keptResponse(snapshot: Snapshot, principal: Principal, owner: ResponseOwner): KeptAt {
  if (owner.deploymentId === null) {
    const endpoint = snapshot.endpoint(owner.endpointId);
    if (endpoint !== undefined && mayReach(principal, endpoint)) return { endpoint, target: null, model: null };
    throw responseNotFound(null);
  }
  let inactive: string | null = null;
  for (const route of routesThatMayHold(snapshot, owner)) {
    const theirs = snapshot.routeFor(principal, route.model.name);
    const target = theirs?.targets.find(({ deployment }) => deployment.id === owner.deploymentId);
    if (target === undefined) continue;
    if (!isActive(target)) {
      inactive ??= route.model.name;
      continue;
    }
    return { endpoint: target.endpoint, target, model: route.model.name };
  }
  throw inactive === null ? responseNotFound(null) : offline(inactive, null);
}

/** The model it was made with; then all, as models are renamed, virtual ones go, and the deployment may be another's by now. */
function* routesThatMayHold(snapshot: Snapshot, owner: ResponseOwner): Iterable<ModelRoute> {
  const made = snapshot.model(owner.model);
  if (made !== undefined) yield made;
  yield* snapshot.models();
}

function isActive({ deployment }: Target): boolean {
  return deployment.status === "active";
}

function offline(model: string, field: string | null): HeadgateError {
  return new HeadgateError("model_offline", {
    message: `The model '${model}' is known, but the endpoint that keeps this response does not have it online.`,
    retryAfterSeconds: 30,
    ...(field === null ? {} : { field }),
  });
}
