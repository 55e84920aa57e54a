// The attempts of one call: choose a target, record that it starts, try it, and relay what it answers.
import type { Readable } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { HeadgateError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { estimateTokens, noTokens } from "../core/tokens.ts";
import type { AttemptOutcome, AttemptStarted } from "../domain/ledger-record.ts";
import type { EndpointView } from "../domain/snapshot.ts";
import type { AttemptPlan } from "./attempt-plan.ts";
import { rewriteModel } from "./body/rewrite-model.ts";
import { spliceModel } from "./body/splice-model.ts";
import { type Call, CallerGone } from "./call.ts";
import type { IncludeUsage } from "./include-usage.ts";
import { createMeter, type Meter } from "./meter/meter.ts";
import type { UsageSink } from "./ports.ts";
import type { BodyBudget } from "./receive-body.ts";
import { relay } from "./relay.ts";
import type { StreamDialect } from "./reply/error-body.ts";
import type { CallRoute } from "./route.ts";
import { WithholdUsageChunk } from "./stream/withhold-usage-chunk.ts";
import { Attempt, type Opening } from "./upstream/attempt.ts";
import { upstreamRequestHeaders } from "./upstream/request-headers.ts";
import { upstreamPath } from "./upstream/upstream-path.ts";
import type { UpstreamPools } from "./upstream/upstream-pools.ts";

export interface AttemptDeps {
  budget: BodyBudget;
  pools: UpstreamPools;
  sink: UsageSink;
  includeUsage: IncludeUsage;
  clock: Clock;
  processId: string;
}

/** Runs the call to its end; throws what the caller must be told when no answer began. */
export async function runAttempts(deps: AttemptDeps, plan: AttemptPlan): Promise<void> {
  const { call, destination } = plan;
  const wantsUsage = deps.includeUsage.appliesTo(plan);
  if ((await runAttempt(deps, plan, 1, destination.why, wantsUsage)) === "answered") return;
  // The endpoint refuses an option that the caller never sent: the original bytes go to it at once.
  await runAttempt(deps, plan, 2, "the endpoint refused stream_options", false);
  if (call.status < 400) deps.includeUsage.refusedBy(destination.endpoint);
}

async function runAttempt(
  deps: AttemptDeps,
  plan: AttemptPlan,
  attemptNo: number,
  why: string,
  addUsage: boolean,
): Promise<"answered" | "refused option"> {
  const { call, destination, route } = plan;
  const { endpoint } = destination;
  const path = upstreamPath(endpoint, route, destination.upstreamModel);
  const upstream = upstreamBody(plan, addUsage);
  const started = startedRecord(deps, plan, attemptNo, why);
  call.attempts = attemptNo;
  call.endpoint = endpoint.name;
  await start(deps.sink, started);
  if (call.isGone) {
    await settleFailure(deps, started, { status: 499, error: "client_disconnected", estimated: false });
    throw new CallerGone();
  }

  const { req } = call;
  const isStream = started.stream;
  const attempt = new Attempt(
    deps.pools.for(endpoint),
    {
      method: call.method,
      path,
      headers: upstreamRequestHeaders(req.rawHeaders, req.headers.connection, endpoint, upstream.bytes),
      body: upstream.body,
      secrets: secretsOf(endpoint),
      timeouts: {
        firstByteMs: endpoint.timeouts.firstByteMs ?? (isStream ? 60_000 : endpoint.timeouts.totalMs),
        idleMs: endpoint.timeouts.idleMs,
        totalAtMs: plan.totalAtMs,
      },
    },
    deps.clock,
  );
  const abort = (error: HeadgateError) => attempt.abort(error);
  call.abort = abort;
  const opening = await openUnlessGone(call, attempt);

  if (opening.kind === "failed") {
    const { error, sent } = opening;
    // The queue for a connection may hold the body longer than the call lasts: it stays counted until it is let go.
    const { heldBytes } = call;
    call.heldBytes = 0;
    attempt.whenReleased(() => {
      deps.budget.heldBytes -= heldBytes;
    });
    const gone = error instanceof CallerGone;
    const status = gone ? 499 : error.status;
    await settleFailure(deps, started, { status, error: gone ? "client_disconnected" : error.code, estimated: sent });
    throw error;
  }
  if (isRedirect(opening.head.status) && call.method === "POST") {
    attempt.abort(new CallerGone());
    await settleFailure(deps, started, { status: opening.head.status, error: "upstream_unreachable", estimated: false });
    throw new HeadgateError("upstream_unreachable", {
      message:
        "The endpoint that serves this model answered with a redirect, which Headgate does not follow. Its URL needs mending.",
    });
  }
  if (upstream.usageAdded && deps.includeUsage.isRefusal(opening.head.status, opening.body)) {
    // Not waited for: it is written together with the start of the attempt that follows at once.
    deps.sink.settle(
      started,
      { ...outcomeOf(deps, started, opening.head.status, "upstream_error"), final: false },
      () => undefined,
    );
    return "refused option";
  }

  const meter = createMeter({
    path: route.rest,
    method: call.method,
    contentType: opening.head.contentType,
    status: opening.head.status,
    readable: opening.head.readable,
    inputTokensEstimate: started.inputTokensEstimate,
  });
  await relayOpening(deps, call, attempt, opening, meter, started, upstream.usageAdded, streamDialectOf(call, route));
  return "answered";
}

function relayOpening(
  deps: AttemptDeps,
  call: Call,
  attempt: Attempt,
  opening: Extract<Opening, { kind: "answer" }>,
  meter: Meter,
  started: AttemptStarted,
  usageAdded: boolean,
  streamDialect: StreamDialect,
): Promise<void> {
  const isEventStream = opening.head.contentType.startsWith("text/event-stream");
  return relay({
    call,
    attempt,
    head: opening.head,
    meter,
    withhold: usageAdded && isEventStream && opening.head.readable ? new WithholdUsageChunk() : null,
    streamDialect,
    settle: (outcome, done) => {
      const metered = meter.finish({ complete: outcome.complete });
      const settled = outcomeOf(deps, started, outcome.status, outcome.error);
      settled.usage = metered.usage;
      settled.usageSource = metered.source;
      settled.ttftMs = attempt.firstByteAtMs === null ? null : attempt.firstByteAtMs - attempt.startedAtMs;
      deps.sink.settle(started, settled, done);
    },
  });
}

/** Shorter ones are placeholders ("none", "x") that occur in any text. */
const secretLengthMin = 8;

function secretsOf(endpoint: EndpointView): string[] {
  const secret = endpoint.credential?.expose() ?? "";
  return secret.length < secretLengthMin ? [] : [secret];
}

/** A caller's SDK would follow it, and send its prompt somewhere that no administrator has named. */
function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

async function openUnlessGone(call: Call, attempt: Attempt): Promise<Opening> {
  const abort = () => attempt.abort(new CallerGone());
  call.onGone = abort;
  if (call.isGone) abort();
  const opening = await attempt.opened;
  call.onGone = null;
  return opening;
}

interface UpstreamBody {
  body: Buffer | readonly Buffer[] | Readable | null;
  /** Null: no content-length is sent. */
  bytes: number | null;
  usageAdded: boolean;
}

/** The caller's bytes with the model's name at the endpoint in place of the public one. */
function upstreamBody(plan: AttemptPlan, addUsage: boolean): UpstreamBody {
  const { body, destination, call } = plan;
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

function startedRecord(deps: AttemptDeps, plan: AttemptPlan, attemptNo: number, why: string): AttemptStarted {
  const { call, destination, body } = plan;
  const key = call.principal?.key;
  const json = "chunks" in body ? body.json : null;
  return {
    event: "started",
    id: newId("att"),
    requestId: call.id,
    attemptNo,
    processId: deps.processId,
    requestStartedAtMs: call.startedAtMs,
    startedAtMs: deps.clock.nowMs(),
    keyId: key?.id ?? null,
    userId: key?.userId ?? null,
    groupId: key?.groupId ?? "",
    model: call.model ?? "",
    endpointId: destination.endpoint.id,
    endpoint: destination.endpoint.name,
    deploymentId: destination.deploymentId,
    upstreamModel: destination.upstreamModel,
    dialect: destination.endpoint.dialect,
    method: call.method,
    path: call.path,
    stream: json?.stream === true || plan.route.pathModel?.method.startsWith("stream") === true,
    why,
    inputTokensEstimate: json === null ? 0 : estimateTokens(json.bytes),
  };
}

/** The outcome of a last attempt that used no tokens. */
function outcomeOf(deps: AttemptDeps, started: AttemptStarted, status: number, error: string | null): AttemptOutcome {
  const nowMs = deps.clock.nowMs();
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
    priceVersion: null,
  };
}

/** An attempt without an answer: what an endpoint may have charged for a request it saw is estimated from the input. */
async function settleFailure(
  deps: AttemptDeps,
  started: AttemptStarted,
  { status, error, estimated }: { status: number; error: string; estimated: boolean },
): Promise<void> {
  const outcome = outcomeOf(deps, started, status, error);
  if (estimated) {
    outcome.usageSource = "estimated";
    outcome.usage = { ...noTokens, inputTokens: started.inputTokensEstimate };
  }
  await new Promise<void>((resolve) => deps.sink.settle(started, outcome, () => resolve()));
}

/** Resolves when the start is in the spool; throws 503 `accounting_unavailable` when it can't be. */
function start(sink: UsageSink, started: AttemptStarted): Promise<void> {
  return new Promise((resolve, reject) => {
    sink.start(started, (error) => {
      if (error === null) resolve();
      else reject(new HeadgateError("accounting_unavailable", { detail: error.message, retryAfterSeconds: 5 }));
    });
  });
}

function streamDialectOf(call: Call, route: CallRoute): StreamDialect {
  return call.dialect === "openai" && /^\/responses\/?$/.test(route.rest) ? "responses" : call.dialect;
}
