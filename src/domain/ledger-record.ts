// The records of the ledger: one when an attempt starts, one when it is settled. Lines of the spool are these, as JSON.
import type { TokenUsage } from "../core/tokens.ts";
import type { Dialect } from "./dialect.ts";

/** What is known before the upstream sees the request. */
export interface AttemptStarted {
  event: "started";
  id: string;
  requestId: string;
  /** 1 for the first attempt of a request. */
  attemptNo: number;
  /** The process that runs the attempt: its attempts without a settled record are `interrupted` once it is gone. */
  processId: string;
  requestStartedAtMs: number;
  startedAtMs: number;
  keyId: string | null;
  userId: string | null;
  groupId: string;
  /** The public name that the caller used; "" for passthrough calls without a model. */
  model: string;
  endpointId: string;
  endpoint: string;
  /** Null for passthrough calls to a named endpoint. */
  deploymentId: string | null;
  upstreamModel: string;
  dialect: Dialect;
  /** The price that holds for the attempt; null: there is none. */
  priceVersion: string | null;
  method: string;
  /** The caller's path without its query. */
  path: string;
  stream: boolean;
  /** Why this target, in words, e.g. "only target". */
  why: string;
  inputTokensEstimate: number;
  /** What that input costs, nano-dollars: an attempt that is never settled counts as that. Null: no price; missing in the lines of older versions. */
  costEstimateNanoUsd: number | null;
}

/** How an attempt ended. */
export interface AttemptOutcome {
  settledAtMs: number;
  /** The upstream's status, or the gateway's own when there was none (499: the caller left). */
  status: number;
  /** A code of the error catalogue, `upstream_error`, `stream_error` (an error event inside the stream), `client_disconnected` or `hedge_lost`; null: all went well. */
  error: string | null;
  /** False when another attempt follows; the last attempt carries the request's outcome. */
  final: boolean;
  ttftMs: number | null;
  durationMs: number;
  usage: TokenUsage;
  usageSource: "measured" | "estimated";
  /** Nano-dollars; null: there is no price. */
  costNanoUsd: number | null;
  /** The id under which the provider keeps the answer, if it does; missing in the lines of older versions. */
  responseId?: string | null;
}

/** The outcome with all that `started` said, so that either record is enough whatever the order. */
export interface AttemptSettled extends Omit<AttemptStarted, "event">, AttemptOutcome {
  event: "settled";
}

export type LedgerRecord = AttemptStarted | AttemptSettled;
