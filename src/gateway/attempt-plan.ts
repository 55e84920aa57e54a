// What is decided about a call before its first attempt.
import type { Readable } from "node:stream";
import type { EndpointView } from "../domain/snapshot.ts";
import type { Call } from "./call.ts";
import type { ReceivedBody } from "./receive-body.ts";
import type { CallRoute } from "./route.ts";

/** Where a call goes: a deployment of its model, or a named endpoint. */
export interface Destination {
  endpoint: EndpointView;
  /** Null for a named endpoint. */
  deploymentId: string | null;
  /** The model's name at the endpoint; "" when the call names none. */
  upstreamModel: string;
  /** In words, for the ledger. */
  why: string;
}

export interface AttemptPlan {
  call: Call;
  route: CallRoute;
  destination: Destination;
  /** A body held in memory, or one that streams through. */
  body: ReceivedBody | Readable;
  /** Wall-clock time at which the whole request is over. */
  totalAtMs: number;
}
