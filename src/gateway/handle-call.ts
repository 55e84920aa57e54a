// The story of a call: authenticate → receive → resolve → attempt → settle. Details live with each step.

import { parseDurationMs } from "../core/duration.ts";
import { HeadgateError } from "../core/errors.ts";
import type { TargetView } from "../domain/snapshot.ts";
import { isGrantedAll, mayReach, type Principal } from "./access.ts";
import { admit } from "./allowances/admit.ts";
import { type AttemptPlan, type Destination, destinationOf } from "./attempt-plan.ts";
import { authenticate, requireScope } from "./authenticate.ts";
import { BodyCapture, bodyKeepingFor } from "./body/body-capture.ts";
import { type Call, CallerGone } from "./call.ts";
import type { AttemptDeps } from "./call-run.ts";
import { streamOf } from "./caller-request.ts";
import type { DirectRoute } from "./direct-api/direct-route.ts";
import { endpointsView, jobsView, statusView, whoamiView } from "./direct-api/views.ts";
import type { TokenCallers } from "./identity/token-callers.ts";
import { getModel, listModels } from "./list-models.ts";
import { noneActive, unknownModel } from "./model-errors.ts";
import type { AllowanceSource, BodySink } from "./ports.ts";
import { type BodyBudget, type BodyLimits, checkBodyEncoding, type ReceivedBody, receiveBody } from "./receive-body.ts";
import { sendJson } from "./reply/send-json.ts";
import { destinationByResponse } from "./responses/plan-by-response.ts";
import type { ResponseOwners } from "./responses/response-owners.ts";
import type { CallRoute, Route } from "./route.ts";
import type { RoutingState } from "./routing/routing-state.ts";
import { sessionOf } from "./routing/session-of.ts";
import { Tries } from "./routing/tries.ts";
import { runAttempts } from "./run-attempts.ts";
import type { Target } from "./snapshot.ts";
import type { UsageView } from "./usage-view.ts";

export interface CallDeps extends AttemptDeps {
  limits: BodyLimits;
  budget: BodyBudget;
  routing: RoutingState;
  responses: ResponseOwners;
  callers: TokenCallers;
  allowances: AllowanceSource;
  usage: UsageView;
  /** Null: no bodies are kept. */
  bodies: BodySink | null;
}

/** TRACE would have an endpoint send our request back, credential and all (RFC 9110 §9.3.8). */
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Serves one request; throws the HeadgateError that its caller must be told. */
export async function handleCall(deps: CallDeps, call: Call, route: Route): Promise<void> {
  if (!methods.includes(call.method)) throw new HeadgateError("method_not_allowed", { allow: [...methods] });
  if (route.kind === "none") throw new HeadgateError("not_found");
  if (route.kind === "direct" && route.view === "health") return sendJson(call, { status: "ok" });
  if (route.kind === "direct" && route.view === "status") return sendJson(call, statusView(call.snapshot));
  const authenticated = call.principal ?? authenticate(call.snapshot, deps.callers, call.req, call.startedAtMs);
  // Only a token that is not known yet takes time.
  const principal = authenticated instanceof Promise ? await inTime(call, authenticated) : authenticated;
  call.principal = principal;
  if (principal.user?.isDisabled === true) {
    throw new HeadgateError("not_allowed", { message: "This account has been disabled. Ask an administrator." });
  }
  if (route.kind === "list-models") return listModels(call, principal, queryOf(call));
  if (route.kind === "get-model") return getModel(call, principal, route.model);
  if (route.kind === "usage") return sendJson(call, await inTime(call, deps.usage.report(principal, queryOf(call))));
  if (route.kind === "direct") return sendJson(call, directAnswer(call, principal, route));

  if (route.cluster !== null) checkCluster(call, route.cluster);
  refuseUpgrade(call);
  requireScope(principal, route.needsPassthrough ? "passthrough" : "inference");
  const callersTotalMs = callersTimeoutMs(call);
  if (!deps.sink.accepting) throw new HeadgateError("accounting_unavailable", { retryAfterSeconds: 5 });

  const callersEndAtMs = call.startedAtMs + callersTotalMs;
  const planBy = route.endpointName !== null ? planByEndpoint : route.responseId !== null ? planByResponse : planByModel;
  const plan = await planBy(deps, call, principal, route, callersEndAtMs);
  if (planBy !== planByModel) {
    const { body, first } = plan;
    await admit(deps, call, principal, { route, tokens: "chunks" in body ? body.asked : null, prices: [first.price] });
  }
  const keeping = deps.bodies === null ? null : bodyKeepingFor(call);
  if (deps.bodies !== null && keeping !== null) call.capture = new BodyCapture(deps.bodies, call, keeping, plan.body);
  await runAttempts(deps, plan);
}

function queryOf({ req }: Call): URLSearchParams {
  return new URL(req.url ?? "/", "http://localhost").searchParams;
}

/** What `/resource_server` tells a caller who is known. */
function directAnswer({ snapshot }: Call, principal: Principal, { view, cluster }: DirectRoute): object {
  if (view === "whoami") return whoamiView(principal);
  return view === "jobs" ? jobsView(snapshot, principal, cluster) : endpointsView(snapshot, principal);
}

/** `metis` is there whether or not a manifest has that name: it is what the guide says. */
function checkCluster({ snapshot }: Call, cluster: string): void {
  if (cluster === "metis" || snapshot.manifests.some(({ name }) => name === cluster)) return;
  throw new HeadgateError("not_found", { message: "There is no manifest of that name." });
}

/** The usual call: the model, in the body or the path, says where it goes. */
async function planByModel(
  deps: CallDeps,
  call: Call,
  principal: Principal,
  route: CallRoute,
  callersEndAtMs: number,
): Promise<AttemptPlan> {
  const body = await receiveBody(call, deps.limits, deps.budget, route.pathModel === null ? "throw" : "keep");
  if (body.bytes === 0 && route.pathModel === null) {
    throw new HeadgateError("model_required", {
      field: "model",
      message: "The request has no body and names no model. Requests without a model go to /endpoints/{name}/v1/….",
    });
  }
  const name = route.pathModel?.name ?? (body.model as string);
  const modelRoute = call.snapshot.routeFor(principal, name) ?? unknownModel(call.snapshot);
  call.model = name;
  const previous = body.json?.previousResponseId ?? null;
  // Nothing can be used of it: neither its price nor what its caller has left matters. Of a response, its maker is what matters.
  if (previous === null && modelRoute.active.length === 0) throw noneActive(modelRoute);
  // Before a target is picked: what is refused leaves no trace in what routing knows.
  const mayServe = modelRoute.active.length > 0 ? modelRoute.active : modelRoute.targets;
  const prices = mayServe.map(({ deployment }) => deployment.price);
  const waiting = admit(deps, call, principal, { route, tokens: body.asked, prices });
  if (waiting !== undefined) await waiting;
  if (previous !== null) {
    const first = await destinationByResponse(deps, call, principal, { id: previous, model: name });
    return { call, route, first, tries: null, body, endsAtMs: endOf(call, first, callersEndAtMs) };
  }
  const endsAtMs = Math.min(call.startedAtMs + modelRoute.callMsMax, callersEndAtMs);
  const tries = new Tries(deps.routing, modelRoute, {
    session: () => sessionOf(call.req.headers, body),
    mayRetry: !noFallback(call),
    endsAtMs,
  });
  const first = destinationOf(tries.first(deps.clock.nowMs()));
  // The path carries the model: the body passes as it is.
  return { call, route, first, tries, body: route.pathModel === null ? body : withoutModel(body), endsAtMs };
}

/** What is done with a response that a provider keeps: it goes where that was made. */
async function planByResponse(
  deps: CallDeps,
  call: Call,
  principal: Principal,
  route: CallRoute,
  callersEndAtMs: number,
): Promise<AttemptPlan> {
  const first = await destinationByResponse(deps, call, principal, { id: route.responseId as string, model: null });
  const body = await receiveBody(call, deps.limits, deps.budget, "keep");
  return {
    call,
    route,
    first,
    tries: null,
    body: withoutModel(body),
    endsAtMs: endOf(call, first, callersEndAtMs),
  };
}

/** When a call with one possible target is over. */
function endOf(call: Call, { timeouts }: Destination, callersEndAtMs: number): number {
  return Math.min(call.startedAtMs + timeouts.totalMs, callersEndAtMs);
}

/** `x-headgate-no-fallback: true`: the caller wants to hear of the first attempt, whatever it says. */
function noFallback(call: Call): boolean {
  const value = call.req.headers["x-headgate-no-fallback"];
  if (value === undefined) return false;
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw new HeadgateError("invalid_header", {
    field: "x-headgate-no-fallback",
    message: "x-headgate-no-fallback takes true or false.",
  });
}

function withoutModel(body: ReceivedBody): ReceivedBody {
  return { ...body, json: null, modelRange: null };
}

/** A call to a named endpoint. A model in its body is still held to what the caller may use. */
async function planByEndpoint(
  deps: CallDeps,
  call: Call,
  principal: Principal,
  route: CallRoute,
  callersEndAtMs: number,
): Promise<AttemptPlan> {
  const endpoint = call.snapshot.endpointByName(route.endpointName as string);
  if (endpoint === undefined || !mayReach(principal, endpoint)) {
    throw new HeadgateError("not_found", { message: "There is no endpoint of that name." });
  }
  const { timeouts } = endpoint;
  const why = "endpoint named in the path";
  const first: Destination = { endpoint, timeouts, deploymentId: null, state: null, upstreamModel: "", price: null, why };
  const plan = { call, route, first, tries: null, endsAtMs: endOf(call, first, callersEndAtMs) };
  const contentType = call.req.headers["content-type"] ?? "";
  const hasBody =
    call.req.headers["content-length"] !== "0" &&
    (call.req.headers["content-length"] ?? call.req.headers["transfer-encoding"]) !== undefined;
  const isUnbounded = isGrantedAll(principal) && call.snapshot.isOpen(endpoint);
  // Nothing in the body matters when the caller may use every model: it streams through, whatever its size.
  if (hasBody && isUnbounded && !/\bjson\b/i.test(contentType)) {
    checkBodyEncoding(call);
    if (call.expectsContinue) call.res.writeContinue();
    return { ...plan, body: streamOf(call.req) };
  }
  const body = await receiveBody(call, deps.limits, deps.budget, "keep");
  const named = route.pathModel?.name ?? body.model;
  if (named === null) {
    if (!isUnbounded && body.problem?.code !== "model_required") {
      throw new HeadgateError("not_allowed", {
        message:
          `This key is restricted to some models, so a body must show which one it names. ${body.problem?.message ?? ""}`.trim(),
      });
    }
    return { ...plan, body: { ...body, json: null } };
  }

  const found = modelAtEndpoint(call, principal, endpoint.id, named);
  if (found !== null) {
    call.model = found.model;
    const { id: deploymentId, upstreamModel, price } = found.deployment;
    const chosen = { ...first, deploymentId, state: deps.routing.health.of(deploymentId), upstreamModel, price };
    return { ...plan, first: chosen, body: route.pathModel === null ? body : withoutModel(body) };
  }
  throw new HeadgateError("model_not_found", { field: "model" });
}

/**
 * The model that is called so there, by its public name or, where none has that, by the endpoint's own id: limits and prices are its. Pools first:
 * a virtual model of the same deployment is another one. Null: unknown, or not this caller's.
 */
function modelAtEndpoint(
  { snapshot }: Call,
  principal: Principal,
  endpointId: string,
  named: string,
): { model: string; deployment: TargetView } | null {
  const isThere = ({ deployment }: Target) => deployment.endpointId === endpointId;
  const ofName = snapshot.routeFor(principal, named)?.targets.find(isThere);
  if (ofName !== undefined) return { model: named, deployment: ofName.deployment };
  let virtual: { model: string; deployment: TargetView } | null = null;
  for (const { model, targets } of snapshot.routesFor(principal)) {
    const target = targets.find((one) => isThere(one) && one.deployment.upstreamModel === named);
    if (target === undefined) continue;
    const found = { model: model.name, deployment: target.deployment };
    if (model.kind === "pool") return found;
    virtual ??= found;
  }
  return virtual;
}

/** A caller who goes while its token is being proven is not waited for, nor is the proof when the process ends. */
function inTime<Result>(call: Call, proof: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new CallerGone());
    call.onGone = gone;
    call.abort = reject;
    const done = () => {
      // Long after the call's end, these are somebody else's.
      if (call.onGone === gone) call.onGone = null;
      if (call.abort === reject) call.abort = null;
    };
    proof.finally(done).then(resolve, reject);
    if (call.isGone) gone();
  });
}

function refuseUpgrade(call: Call): void {
  // Others (h2c) may be ignored, RFC 9110 §7.8; a WebSocket client waits for an answer of its own kind.
  if (call.req.headers.upgrade?.toLowerCase() === "websocket") throw new HeadgateError("upgrade_not_supported");
}

/** `x-headgate-timeout: 30s`: how long the caller is willing to wait in all. */
function callersTimeoutMs(call: Call): number {
  const value = call.req.headers["x-headgate-timeout"];
  if (value === undefined) return Number.POSITIVE_INFINITY;
  const ms = parseDurationMs(String(value));
  if (ms === null || ms === 0) {
    throw new HeadgateError("invalid_header", {
      field: "x-headgate-timeout",
      message: "x-headgate-timeout takes a duration such as 30s, 500ms or 2m.",
    });
  }
  return ms;
}
