// The attempts of one call: try a target, judge what came of it, try another or pass the answer on.
import type { Clock } from "../core/clock.ts";
import { HeadgateError } from "../core/errors.ts";
import type { TokenUsage } from "../core/tokens.ts";
import type { EndpointView } from "../domain/snapshot.ts";
import type { AttemptPlan, Destination } from "./attempt-plan.ts";
import { destinationOf } from "./attempt-plan.ts";
import { maximumOf } from "./body/asked-tokens.ts";
import { CallerGone } from "./call.ts";
import { type AttemptDeps, isRedirect, judge, leave, type Run } from "./call-run.ts";
import { isInferencePath } from "./failover/inference-path.ts";
import { judgeAttempt, type Verdict } from "./failover/judge-attempt.ts";
import { parseRetryAfter } from "./failover/retry-after.ts";
import { type Flight, launch, outcomeOf, settled, settle as settleFlight, tellHealth } from "./flight.ts";
import { openWithHedge } from "./hedge.ts";
import { createMeter, type MeteredUsage } from "./meter/meter.ts";
import { meterKind } from "./meter/meter-kind.ts";
import { type RelayOutcome, relay } from "./relay.ts";
import type { StreamDialect } from "./reply/error-body.ts";
import { sendHeldAnswer } from "./reply/held-answer.ts";
import { ownerOfAttempt } from "./responses/response-owners.ts";
import { WithholdUsageChunk } from "./stream/withhold-usage-chunk.ts";
import type { OpenedAnswer, Opening } from "./upstream/attempt.ts";

/** Runs the call to its end; throws what the caller must be told when no answer began. */
export async function runAttempts(deps: AttemptDeps, plan: AttemptPlan): Promise<void> {
  const isInference = isInferencePath(plan.route.rest, plan.call.method);
  const run: Run = { deps, plan, isInference, flights: [], interruption: null, held: null, retryAfterMs: null, firstSentAtMs: 0 };
  endWithCall(run);
  let destination = plan.first;
  let wantsUsage = deps.includeUsage.appliesTo(plan, destination);
  let refusedBy: EndpointView | null = null;
  for (;;) {
    const { flight, opening } = await open(run, destination, wantsUsage);
    if (run.interruption !== null) throw await ended(run, flight, opening, run.interruption);

    if (opening.kind === "answer" && flight.usageAdded && deps.includeUsage.isRefusal(opening.head.status, opening.body)) {
      // The endpoint refuses an option that the caller never sent: the original bytes go to it at once.
      leave(run, flight, opening, null);
      wantsUsage = false;
      refusedBy = flight.destination.endpoint;
      destination = { ...flight.destination, why: "the endpoint refused stream_options" };
      continue;
    }
    const verdict = judge(run, flight, opening);
    const next = verdict.retry ? (plan.tries?.next(deps.clock.nowMs()) ?? null) : null;
    if (next !== null) {
      leave(run, flight, opening, verdict);
      destination = { ...destinationOf(next), why: `${verdict.cause} at ${flight.destination.endpoint.name}; ${next.why}` };
      wantsUsage = deps.includeUsage.appliesTo(plan, destination);
      continue;
    }
    const problem = opening.kind === "failed" ? opening.error : unusable(run, opening);
    if (problem === null && opening.kind === "answer") {
      // It took the same request without the option.
      if (opening.head.status < 400 && refusedBy === flight.destination.endpoint) deps.includeUsage.refusedBy(refusedBy);
      return passOn(run, flight, opening, verdict);
    }
    return fail(run, flight, opening, verdict, problem as HeadgateError);
  }
}

/** When the call ends, its attempts do. */
function endWithCall(run: Run): void {
  const { call } = run.plan;
  const interrupt = (error: HeadgateError | CallerGone) => {
    run.interruption ??= error;
    for (const { attempt } of run.flights) attempt.abort(error);
  };
  const gone = () => interrupt(new CallerGone());
  call.abort = interrupt;
  call.onGone = gone;
  if (call.isGone) gone();
}

/** Starts an attempt and waits for its opening; for models with hedging perhaps for that of another, which is returned then. */
async function open(run: Run, destination: Destination, addUsage: boolean): Promise<{ flight: Flight; opening: Opening }> {
  const flight = await takeOff(run, destination, addUsage);
  const { tries } = run.plan;
  const hedgeAfterMs = run.isInference ? (tries?.hedgeDelayMs(run.deps.clock.nowMs()) ?? null) : null;
  if (hedgeAfterMs === null || tries === null) return { flight, opening: await flight.attempt.opened };
  return openWithHedge(run, flight, hedgeAfterMs, async () => {
    const aim = tries.hedge(run.deps.clock.nowMs());
    if (aim === null) return null;
    const second = destinationOf(aim);
    return takeOff(run, second, run.deps.includeUsage.appliesTo(run.plan, second));
  });
}

async function takeOff(run: Run, destination: Destination, addUsage: boolean): Promise<Flight> {
  const isOnly = run.flights.length === 0;
  const flight = await launch(run.deps, run.plan, destination, { addUsage, isOnly, interrupted: () => run.interruption });
  if (run.firstSentAtMs === 0) run.firstSentAtMs = flight.attempt.startedAtMs;
  run.flights.push(flight);
  return flight;
}

/** Relays the answer; resolves when the caller has it. */
function passOn(run: Run, flight: Flight, opening: OpenedAnswer, verdict: Verdict): Promise<void> {
  const { deps, plan } = run;
  const { call, route, tries } = plan;
  const { attempt, pending, started } = flight;
  const { head } = opening;
  if (head.status === 429) shortenRetryAfter(run, head.headers, deps.clock);
  const { firstByteAtMs } = attempt;
  if (verdict.health === "success" && head.status < 400 && firstByteAtMs !== null) {
    pending?.firstByte(firstByteAtMs);
    tries?.model.firstBytes.add(firstByteAtMs - run.firstSentAtMs, firstByteAtMs);
  }
  const meter = createMeter({
    path: route.rest,
    method: call.method,
    contentType: head.contentType,
    status: head.status,
    readable: head.readable,
    inputTokensEstimate: started.inputTokensEstimate,
    keepsResponse: keepsResponse(plan),
  });
  const remember = () => {
    const id = meter.responseId;
    if (id !== null && !namesItsResponse(plan)) deps.responses.remember(id, ownerOfAttempt(started));
  };
  const settle = (outcome: RelayOutcome, done: () => void) => {
    const metered = meter.finish({ complete: outcome.complete });
    const settledOutcome = outcomeOf(deps.clock, started, outcome.status, outcome.error);
    settledOutcome.usage = metered.source === "estimated" ? withUnseen(run, metered.usage, outcome) : metered.usage;
    settledOutcome.usageSource = metered.source;
    settledOutcome.ttftMs = attempt.firstByteAtMs === null ? null : attempt.firstByteAtMs - attempt.startedAtMs;
    settledOutcome.responseId = meter.responseId;
    if (meter.responseId !== null) remember();
    if (isDeleted(plan, outcome)) deps.responses.forget(route.responseId as string);
    tellHealth(flight, verdictOnEnd(verdict, outcome, flight, meter.errorStatus), deps.clock.nowMs());
    if (isWholeAnswer(outcome, metered)) deps.outputs.learn(call.model, metered.usage);
    settleFlight(deps, flight, settledOutcome, done);
  };
  return relay({
    call,
    attempt,
    head,
    meter,
    withhold: flight.usageAdded && head.isEventStream && head.readable ? new WithholdUsageChunk() : null,
    streamDialect: streamDialectOf(plan),
    identified: remember,
    settle,
  });
}

/**
 * An answer that its provider makes in the background is whole long after its call, and looking at it is not charged: its call counts with the
 * output that was set aside for it.
 */
function withUnseen({ plan, deps }: Run, usage: TokenUsage, { status, error }: RelayOutcome): TokenUsage {
  const { body, call, route } = plan;
  const asked = "chunks" in body ? body.asked : null;
  const kind = meterKind(route.rest, call.method);
  const hasFailed = error === "stream_error" || (status >= 300 && status !== 499);
  if (asked?.isInBackground !== true || kind !== "responses" || hasFailed) return usage;
  const outputTokens = (maximumOf(kind, asked) ?? deps.outputs.typical(call.model)) - usage.reasoningTokens;
  return { ...usage, outputTokens: Math.max(usage.outputTokens, outputTokens) };
}

/** Whether it tells how much calls of the model usually have answered. */
function isWholeAnswer({ status, error }: RelayOutcome, { source }: MeteredUsage): boolean {
  return status < 300 && error === null && source === "measured";
}

/** What an answer that was passed on says about its deployment in the end. */
function verdictOnEnd(opened: Verdict, outcome: RelayOutcome, flight: Flight, errorStatus: number | null): Verdict {
  const { error } = outcome;
  if (error === null || opened.health !== "success" || error === "upstream_error") return opened;
  // An error event that stands for 400, 404, 413, 422 is about what the caller sent.
  if (error === "stream_error" && errorStatus !== null && isCallersFault(errorStatus)) return opened;
  // The caller's leaving, a drain, a body that did not come: none is the endpoint's doing.
  if (error !== "stream_error" && !error.startsWith("upstream_")) return judgeAttempt({ kind: "abandoned" });
  return judgeAttempt({ kind: "broken", timeout: flight.attempt.timedOutBy });
}

function isCallersFault(status: number): boolean {
  return status < 500 && ![401, 402, 403, 408, 429].includes(status);
}

/** The last attempt brought nothing to pass on: the caller gets the last answer that an endpoint gave, else the error. */
async function fail(run: Run, flight: Flight, opening: Opening, verdict: Verdict, error: HeadgateError): Promise<void> {
  const { deps, held } = run;
  const { call } = run.plan;
  tellHealth(flight, verdict, deps.clock.nowMs());
  flight.attempt.abort(error);
  const estimated = opening.kind === "failed" ? opening.sent : opening.head.status < 300;
  await settled(deps, flight, { status: error.status, error: error.code, final: true, estimated });
  if (held === null) throw error;
  call.detail = `${error.code}: ${error.options.detail ?? error.message}`;
  if (held.head.status === 429) shortenRetryAfter(run, held.head.headers, deps.clock);
  sendHeldAnswer(call, held);
}

/** The call ended while its attempt had not opened. Returns what to throw. */
async function ended(
  run: Run,
  flight: Flight,
  opening: Opening,
  error: HeadgateError | CallerGone,
): Promise<HeadgateError | CallerGone> {
  flight.attempt.abort(error);
  tellHealth(flight, null, run.deps.clock.nowMs());
  const [status, code] = error instanceof CallerGone ? [499, "client_disconnected"] : [error.status, error.code];
  const estimated = opening.kind === "answer" || opening.sent;
  await settled(run.deps, flight, { status, error: code, final: true, estimated });
  return error;
}

/** Why an answer can't be passed on although it is one; null when it can. */
function unusable(run: Run, { head, isEmpty, firstEvent }: OpenedAnswer): HeadgateError | null {
  if (isRedirect(head.status) && run.plan.call.method === "POST") {
    return new HeadgateError("upstream_unreachable", {
      message:
        "The endpoint that serves this model answered with a redirect, which Headgate does not follow. Its URL needs mending.",
    });
  }
  if (!run.isInference || head.status >= 300) return null;
  if (firstEvent?.kind === "none") {
    return new HeadgateError("upstream_interrupted", { detail: "the stream ended before any event" });
  }
  if (isEmpty) return new HeadgateError("upstream_interrupted", { message: "The endpoint's answer was empty." });
  return null;
}

/** Of all deployments that were asked, one may be free sooner than the one whose answer is passed on. */
function shortenRetryAfter(run: Run, headers: string[], clock: Clock): void {
  const ownMs = parseRetryAfter(headers, clock.nowMs());
  if (run.retryAfterMs === null || (ownMs !== null && ownMs <= run.retryAfterMs)) return;
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (headers[i] === "retry-after" || headers[i] === "retry-after-ms") headers.splice(i, 2);
  }
  headers.push("retry-after", String(Math.ceil(run.retryAfterMs / 1000)));
}

/** The provider has deleted the response that the path names (not something below it). */
function isDeleted({ call, route }: AttemptPlan, { status, error }: RelayOutcome): boolean {
  const isDelete = route.responseId !== null && call.method === "DELETE" && /\/responses\/[^/]+\/?$/i.test(route.rest);
  return isDelete && error === null && status < 300;
}

function keepsResponse({ body }: AttemptPlan): boolean {
  return !("chunks" in body) || body.json === null || body.json.storesResponse;
}

function namesItsResponse({ body }: AttemptPlan): boolean {
  return "chunks" in body && body.json?.namesItsResponse === true;
}

function streamDialectOf({ call, route }: AttemptPlan): StreamDialect {
  return call.dialect === "openai" && /^\/responses\/?$/.test(route.rest) ? "responses" : call.dialect;
}
