// One request on its way through the gateway: what the steps have found out so far.
import type { HeadgateError } from "../core/errors.ts";
import type { Reservation, Standing } from "../domain/allowance.ts";
import type { EndpointView } from "../domain/snapshot.ts";
import type { Principal } from "./access.ts";
import type { BodyCapture } from "./body/body-capture.ts";
import type { CallerReply } from "./caller-reply.ts";
import type { CallerRequest } from "./caller-request.ts";
import type { CallerDialect } from "./route.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Call {
  readonly req: CallerRequest;
  /** Those of `req` that may reach an endpoint, as a flat list: more are dropped on the way. */
  readonly rawHeaders: readonly string[];
  readonly res: CallerReply;
  readonly id: string;
  readonly startedAtMs: number;
  readonly method: string;
  /** The path without its query: queries may carry credentials, so nothing logs them. */
  readonly path: string;
  readonly dialect: CallerDialect;
  /** The view this request works from until its end, whatever is published meanwhile. */
  readonly snapshot: Snapshot;
  /** True when the caller waits for "100 Continue" before sending the body. */
  readonly expectsContinue: boolean;
  principal: Principal | null;
  /** Known when the call is admitted; "" before that. */
  payingGroupId: string;
  /** What it was admitted with; null: nothing holds it, or it has not been admitted. */
  reservation: Reservation | null;
  /** Of its caller's limits, for the headers of the answer; null: none was asked about. */
  standing: Standing | null;
  /** By all its attempts so far. */
  usedTokens: number;
  usedNanoUsd: number;
  model: string | null;
  endpoint: EndpointView | null;
  attempts: number;
  /** When the caller got the first byte of the answer's body. */
  firstByteAtMs: number | null;
  /** The outcome, for metrics and the log. */
  status: number;
  errorCode: string | null;
  detail: string | null;
  /** Bytes of this call's body that count against the bound on bodies in flight. */
  heldBytes: number;
  /** Takes a copy of its bodies; null: they are not kept. */
  capture: BodyCapture | null;
  /** Set while the body arrives and while an attempt runs: ends that with an error that the caller is told. */
  abort: ((error: HeadgateError) => void) | null;
  /** The caller's connection is closed: there is nobody to answer. */
  isGone: boolean;
  /** Where it stands among the calls in flight. */
  slot: number;
  /** All calls of its connection. */
  siblings: Call[] | null;
  /**
   * Runs when that happens while somebody waits. A function is assigned to this by way of a variable: one that is written
   * right into an assignment to a property goes to V8's old generation, and takes the call and all that hangs on it along.
   */
  onGone: (() => void) | null;
}

/** Thrown when the caller has gone: there is nobody to answer. */
export class CallerGone extends Error {
  constructor() {
    super("caller disconnected");
    this.name = "CallerGone";
  }
}
