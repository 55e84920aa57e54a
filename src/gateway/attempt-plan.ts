// What is decided about a call before its first attempt.
import type { Readable } from "node:stream";
import type { Price } from "../domain/price.ts";
import type { EndpointView } from "../domain/snapshot.ts";
import type { Timeouts } from "../domain/timeouts.ts";
import type { Call } from "./call.ts";
import type { DeploymentState } from "./health/deployment-state.ts";
import type { ReceivedBody } from "./receive-body.ts";
import type { CallRoute } from "./route.ts";
import type { Aim, Tries } from "./routing/tries.ts";

/** Where an attempt goes: a deployment of the call's model, or a named endpoint. */
export interface Destination {
  endpoint: EndpointView;
  timeouts: Timeouts;
  /** Null for a named endpoint. */
  deploymentId: string | null;
  /** Null when no deployment is called. */
  state: DeploymentState | null;
  /** The model's name at the endpoint; "" when the call names none. */
  upstreamModel: string;
  /** Null: nobody knows what its tokens cost. */
  price: Price | null;
  /** In words, for the ledger. */
  why: string;
}

export interface AttemptPlan {
  call: Call;
  route: CallRoute;
  first: Destination;
  /** Where further attempts may go; null: nowhere. */
  tries: Tries | null;
  /** A body held in memory, or one that streams through. */
  body: ReceivedBody | Readable;
  /** Wall-clock time at which the whole request is over, whatever its attempts do. */
  endsAtMs: number;
}

export function destinationOf({ target, state, why }: Aim): Destination {
  const { deployment, endpoint, timeouts } = target;
  const { id: deploymentId, upstreamModel, price } = deployment;
  return { endpoint, timeouts, deploymentId, state, upstreamModel, price, why };
}
