// One attempt of a call under way: the request to its endpoint, its ledger record, and what it means for the deployment's health.
import type { Readable } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { HeadgateError } from "../core/errors.ts";
import { inputUsage, noTokens, totalTokens } from "../core/tokens.ts";
import type { AttemptOutcome, AttemptStarted } from "../domain/ledger-record.ts";
import { costNanoUsd, costOfAttempt, type Price } from "../domain/price.ts";
import type { EndpointView } from "../domain/snapshot.ts";
import { firstByteMsOf } from "../domain/timeouts.ts";
import type { AttemptPlan, Destination } from "./attempt-plan.ts";
import { rewriteModel } from "./body/rewrite-model.ts";
import { spliceModel } from "./body/splice-model.ts";
import { type Call, CallerGone } from "./call.ts";
import type { Verdict } from "./failover/judge-attempt.ts";
import { neutral, type PendingAttempt, succeeded } from "./health/pending-attempt.ts";
import type { UsageSink } from "./ports.ts";
import { Attempt } from "./upstream/attempt.ts";
import { upstreamRequestHeaders } from "./upstream/request-headers.ts";
import { upstreamPath } from "./upstream/upstream-path.ts";
import type { UpstreamPools } from "./upstream/upstream-pools.ts";

export interface FlightDeps {
  pools: UpstreamPools;
  sink: UsageSink;
  clock: Clock;
  processId: string;
  /** Lower-case names of headers in which trusted proxies tell who calls: no endpoint sees them. */
  identityHeaders: ReadonlySet<string>;
}

/** What the record of an attempt's end takes. */
export interface Launched {
  call: Call;
  destination: Destination;
  started: AttemptStarted;
}

export interface Flight extends Launched {
  attempt: Attempt;
  /** Null where no deployment is called. */
  pending: PendingAttempt | null;
  /** `stream_options.include_usage` was added to the caller's body. */
  usageAdded: boolean;
  /** False when the caller, or the call's own end, leaves it less time than its `total`. */
  hasFullTotal: boolean;
}

/** How the attempt itself ended, for the ledger. */
export interface FlightEnd {
  status: number;
  error: string | null;
  final: boolean;
  /** The endpoint may have charged for what it saw: tokens are estimated from the input. */
  estimated: boolean;
}

/**
 * Records the start, then sends the request. `isOnly`: no other attempt of the call is under way. Throws 503 `accounting_unavailable` when it can't be recorded, 503
 * `endpoint_misconfigured` for an endpoint of a manifest whose token is missing, and what `interrupted` returns when the call has ended meanwhile.
 */
export async function launch(
  deps: FlightDeps,
  plan: AttemptPlan,
  destination: Destination,
  options: { addUsage: boolean; isOnly: boolean; interrupted: () => HeadgateError | CallerGone | null },
): Promise<Flight> {
  const { call, route } = plan;
  const { endpoint, timeouts } = destination;
  if (endpoint.isDeclared && endpoint.credential === null) throw new HeadgateError("endpoint_misconfigured");
  const path = upstreamPath(endpoint, route, destination.upstreamModel);
  const upstream = upstreamBody(plan, destination, options.addUsage);
  const endpointBefore = call.endpoint;
  call.attempts += 1;
  call.endpoint = endpoint;
  call.capture?.used(endpoint);
  const nowMs = deps.clock.nowMs();
  const started = startedRecord(deps, plan, destination, nowMs);
  const launched: Launched = { call, destination, started };
  const pending = destination.state?.begin(nowMs) ?? null;
  try {
    await recordStart(deps.sink, started);
  } catch (error) {
    pending?.end(neutral, deps.clock.nowMs());
    if (!options.isOnly) {
      call.endpoint = endpointBefore;
    } else if (call.attempts > 1) {
      // The attempts before it were settled as not the last: without this row the request would have none that counts.
      const { status, code } = error as HeadgateError;
      void settled(deps, launched, { status, error: code, final: true, estimated: false });
    }
    throw error;
  }
  const interruption = options.interrupted();
  if (interruption !== null) {
    pending?.end(neutral, deps.clock.nowMs());
    const gone = interruption instanceof CallerGone;
    const [status, error] = gone ? [499, "client_disconnected"] : [interruption.status, interruption.code];
    await settled(deps, launched, { status, error, final: options.isOnly, estimated: false });
    throw interruption;
  }

  // What the caller took to send its request counts against the first attempt.
  const ownEndAtMs = (call.attempts === 1 ? call.startedAtMs : nowMs) + timeouts.totalMs;
  const attempt = new Attempt(
    deps.pools.for(endpoint, timeouts.connectMs),
    {
      method: call.method,
      path,
      headers: upstreamRequestHeaders(
        call.rawHeaders,
        call.req.headers.connection,
        endpoint,
        upstream.bytes,
        deps.identityHeaders,
      ),
      body: upstream.body,
      secrets: secretsOf(endpoint),
      timeouts: {
        firstByteMs: firstByteMsOf(timeouts, started.stream),
        idleMs: timeouts.idleMs,
        totalAtMs: Math.min(ownEndAtMs, plan.endsAtMs),
      },
    },
    deps.clock,
  );
  // A slow caller's upload takes from the first attempt's time: what is left may be too little for any endpoint.
  const hasFullTotal = Math.min(ownEndAtMs, plan.endsAtMs) - nowMs >= 0.9 * timeouts.totalMs;
  // Not `...launched`: V8 would lay out such an object anew with every call.
  return { call, destination, started, attempt, pending, usageAdded: upstream.usageAdded, hasFullTotal };
}

/** Tells the deployment's health how the attempt went; `verdict` null: it says nothing about it. */
export function tellHealth({ pending }: Flight, verdict: Verdict | null, nowMs: number): void {
  if (pending === null) return;
  if (verdict === null || verdict.health === "neutral") pending.end(neutral, nowMs);
  else if (verdict.health === "success") pending.end(succeeded, nowMs);
  else if (verdict.health === "limited")
    pending.end({ kind: "limited", restMs: verdict.restMs ?? 0, cause: verdict.cause }, nowMs);
  else pending.end({ kind: "failure", cause: verdict.cause, restMs: verdict.restMs }, nowMs);
}

/** The outcome of an attempt of which nothing reaches the caller; resolves when it is in the spool. */
export function settled(deps: FlightDeps, launched: Launched, end: FlightEnd): Promise<void> {
  const { started } = launched;
  const outcome = outcomeOf(deps.clock, started, end.status, end.error);
  outcome.final = end.final;
  if (end.estimated) {
    outcome.usageSource = "estimated";
    outcome.usage = inputUsage(started.inputTokensEstimate);
  }
  return new Promise((resolve) => settle(deps, launched, outcome, () => resolve()));
}

/** Records how an attempt ended: with its cost, and counted among what its call has used. `done` is called when the record is in the spool. */
export function settle(
  deps: FlightDeps,
  { call, destination, started }: Launched,
  outcome: AttemptOutcome,
  done: () => void,
): void {
  const tokens = totalTokens(outcome.usage);
  const { price } = destination;
  if (price !== null) {
    const { method } = started;
    outcome.costNanoUsd = costOfAttempt(outcome.usage, price, { method, status: outcome.status });
  }
  call.usedTokens += tokens;
  call.usedNanoUsd += outcome.costNanoUsd ?? 0;
  deps.sink.settle(started, outcome, done);
}

/** The outcome of a last attempt that used no tokens. */
export function outcomeOf(clock: Clock, started: AttemptStarted, status: number, error: string | null): AttemptOutcome {
  const nowMs = clock.nowMs();
  return {
    settledAtMs: nowMs,
    status,
    error,
    final: true,
    ttftMs: null,
    durationMs: nowMs - started.startedAtMs,
    usage: noTokens,
    usageSource: "measured",
    costNanoUsd: null,
    responseId: null,
  };
}

function recordStart(sink: UsageSink, started: AttemptStarted): Promise<void> {
  return new Promise((resolve, reject) => {
    sink.start(started, (error) => {
      if (error === null) resolve();
      else reject(new HeadgateError("accounting_unavailable", { detail: error.message, retryAfterSeconds: 5 }));
    });
  });
}

function startedRecord(deps: FlightDeps, plan: AttemptPlan, destination: Destination, nowMs: number): AttemptStarted {
  const { call, body } = plan;
  const { endpoint } = destination;
  const { principal } = call;
  const json = "chunks" in body ? body.json : null;
  const inputTokensEstimate = "chunks" in body ? (body.asked?.inputTokens ?? 0) : 0;
  return {
    event: "started",
    // Of the request's own: unique, in order of time, and one id less to make.
    id: `att_${call.id.slice(4)}_${call.attempts}`,
    requestId: call.id,
    attemptNo: call.attempts,
    processId: deps.processId,
    requestStartedAtMs: call.startedAtMs,
    startedAtMs: nowMs,
    keyId: principal?.key?.id ?? null,
    userId: principal?.userId ?? null,
    groupId: call.payingGroupId,
    model: call.model ?? "",
    endpointId: endpoint.id,
    endpoint: endpoint.name,
    deploymentId: destination.deploymentId,
    upstreamModel: destination.upstreamModel,
    dialect: endpoint.dialect,
    priceVersion: destination.price?.version ?? null,
    method: call.method,
    path: call.path,
    stream: json?.stream === true || plan.route.pathModel?.method.startsWith("stream") === true,
    why: destination.why,
    inputTokensEstimate,
    costEstimateNanoUsd: costOfInput(inputTokensEstimate, destination.price),
  };
}

function costOfInput(inputTokens: number, price: Price | null): number | null {
  return price === null ? null : costNanoUsd(inputUsage(inputTokens), price);
}

/** Shorter ones are placeholders ("none", "x") that occur in any text. */
const secretLengthMin = 8;
const noSecrets: readonly string[] = [];

function secretsOf(endpoint: EndpointView): readonly string[] {
  const secret = endpoint.credential?.expose() ?? "";
  return secret.length < secretLengthMin ? noSecrets : [secret];
}

interface UpstreamBody {
  body: Buffer | readonly Buffer[] | Readable | null;
  /** Null: no content-length is sent. */
  bytes: number | null;
  usageAdded: boolean;
}

/** The caller's bytes with the model's name at the endpoint in place of the public one. */
function upstreamBody(plan: AttemptPlan, destination: Destination, addUsage: boolean): UpstreamBody {
  const { body, call } = plan;
  if (!("chunks" in body)) {
    const length = call.req.headers["content-length"];
    return { body, bytes: length === undefined ? null : Number(length), usageAdded: false };
  }
  if (body.bytes === 0)
    return { body: null, bytes: call.method === "GET" || call.method === "HEAD" ? null : 0, usageAdded: false };
  if (body.json !== null) {
    const rewritten = rewriteModel(body.chunks, body.json, destination.upstreamModel, addUsage);
    return { body: sendable(rewritten.chunks), bytes: rewritten.bytes, usageAdded: rewritten.includeUsageAdded };
  }
  if (body.modelRange !== null && body.model !== destination.upstreamModel) {
    const spliced = spliceModel(body.chunks, body.modelRange, Buffer.from(destination.upstreamModel));
    return { body: sendable(spliced.chunks), bytes: spliced.bytes, usageAdded: false };
  }
  return { body: sendable(body.chunks), bytes: body.bytes, usageAdded: false };
}

/** Small bodies as one buffer, so that head and body leave in few writes; large ones as they lie, without a copy. */
function sendable(chunks: readonly Buffer[]): Buffer | readonly Buffer[] {
  if (chunks.length === 1) return chunks[0] as Buffer;
  let bytes = 0;
  for (const chunk of chunks) bytes += chunk.length;
  return bytes <= 64 * 1024 ? Buffer.concat(chunks, bytes) : chunks;
}
