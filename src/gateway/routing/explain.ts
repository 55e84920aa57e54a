// Where a call would go now, and why: the answer to POST /explain. Nobody is called, and nothing of what routing knows changes.
import { HeadgateError } from "../../core/errors.ts";
import type { ExplainedDecision, ExplainedRouting, ExplainQuestion, Explanation } from "../../domain/explanation.ts";
import { type Limits, noLimits } from "../../domain/limits.ts";
import { defaultMaxAttempts, type Hedge } from "../../domain/pool.ts";
import type { Principal } from "../access.ts";
import { noneActive } from "../model-errors.ts";
import type { ModelRoute, Snapshot } from "../snapshot.ts";
import { type Access, accessOf, callerProblem } from "./explain/access.ts";
import { type AskedCall, askedCall } from "./explain/asked-call.ts";
import { type Candidates, candidatesOf } from "./explain/candidates.ts";
import { ModelState } from "./model-state.ts";
import type { RoutingState } from "./routing-state.ts";

/**
 * The candidates stand as they do for any call of the model, also when this one would be refused; `decision` says that. Throws
 * 422 `invalid_field` for a key or user that there is not, and when path or body names another model. `userLimits`: of users with a
 * token for whom nothing else is set.
 */
export function explain(
  snapshot: Snapshot,
  state: RoutingState,
  question: ExplainQuestion,
  nowMs: number,
  userLimits = noLimits,
): Explanation {
  const { model } = question;
  const principal = principalOf(snapshot, question, userLimits);
  const call = askedCall(question);
  const access = accessOf(snapshot, principal, model);
  // A caller to whom the model is nothing still learns, from an administrator, how it stands.
  const route = (principal === null ? null : snapshot.routeFor(principal, model)) ?? snapshot.model(model) ?? null;
  const explained = route === null ? null : explainRouting(route, state, call, question, nowMs);
  return {
    model,
    access,
    limits: [...(principal?.charges ?? []), ...(route?.charge ? [route.charge] : [])],
    routing: explained?.routing ?? null,
    decision: decide({ route, call, principal, access, nowMs }, explained?.candidates ?? null),
  };
}

/** Null: asked for no caller in particular. */
function principalOf(snapshot: Snapshot, { keyId, userId }: ExplainQuestion, userLimits: Limits): Principal | null {
  if (keyId !== null) return snapshot.principalOfKey(keyId) ?? nobody("key_id", "key");
  if (userId !== null) return snapshot.principalOfUser(userId, userLimits) ?? nobody("user_id", "user");
  return null;
}

function nobody(field: string, what: string): never {
  throw new HeadgateError("invalid_field", { field, message: `${field}: there is no ${what} with this id` });
}

interface ExplainedRoute {
  routing: ExplainedRouting;
  candidates: Candidates;
}

function explainRouting(
  route: ModelRoute,
  state: RoutingState,
  call: AskedCall,
  { noFallback, timeoutMs }: ExplainQuestion,
  nowMs: number,
): ExplainedRoute {
  const { model, active, callMsMax } = route;
  const attemptsMax = noFallback ? 1 : (model.maxAttempts ?? defaultMaxAttempts);
  const candidates = candidatesOf(route, state.health, {
    nowMs,
    session: call.session,
    mayRetry: attemptsMax > 1,
    maxAttempts: attemptsMax,
    isStream: call.isStream,
  });
  const remembered = state.models.find(model.id) ?? new ModelState();
  const routing: ExplainedRouting = {
    kind: model.kind,
    strategy: model.strategy,
    session: model.strategy === "affinity" ? call.session() : null,
    maxAttempts: Math.min(attemptsMax, active.length),
    callMs: Math.min(callMsMax, timeoutMs ?? callMsMax),
    candidates: candidates.all,
    retries: { left: remembered.retries.left(nowMs), onTimeout: call.isInference },
    hedge: explainHedge(model.hedge, remembered, { attemptsMax, isInference: call.isInference, candidates, nowMs }),
  };
  return { routing, candidates };
}

interface HedgeContext {
  attemptsMax: number;
  isInference: boolean;
  candidates: Candidates;
  nowMs: number;
}

/** In the order in which a call meets what keeps it from being hedged. */
function explainHedge(hedge: Hedge | null, state: ModelState, context: HedgeContext): ExplainedRouting["hedge"] {
  if (hedge === null) return { delayMs: null, left: 0, why: "not set for this model" };
  const { nowMs } = context;
  const left = state.hedges.left(hedge, nowMs);
  const none = (why: string) => ({ delayMs: null, left, why });
  if (!context.isInference) return none("not for calls of this path: sent twice, one may change something twice");
  if (context.attemptsMax < 2) return none("the call has one attempt");
  if (context.candidates.readyBeside === 0) return none("no other target is ready");
  const delayMs = state.hedges.delayMs(hedge, state.firstBytes.p95Ms(nowMs));
  if (delayMs === null) return none("too little is known yet of how long the model's calls take");
  if (left === 0) return none("the model has had its share of second attempts in the last 60 s");
  return { delayMs, left, why: "when no byte has come by then" };
}

interface DecisionContext {
  route: ModelRoute | null;
  call: AskedCall;
  principal: Principal | null;
  access: Access;
  nowMs: number;
}

/** In the order in which handle-call.ts finds out. `candidates` null: there is no such model. */
function decide(
  { route: modelRoute, call, principal, access, nowMs }: DecisionContext,
  candidates: Candidates | null,
): ExplainedDecision {
  const { route, elsewhere } = call;
  if (call.pathError !== null) return refused(call.pathError);
  const scope = route?.needsPassthrough === true ? "passthrough" : "inference";
  const problem = principal === null ? null : callerProblem(principal, scope, nowMs);
  if (problem !== null) return refused(problem);
  if (elsewhere?.saidBy === "path") return { outcome: "elsewhere", why: elsewhere.why };
  if (call.bodyError !== null) return refused(call.bodyError);
  if (candidates === null || modelRoute === null || !access.allowed) return refused(new HeadgateError("model_not_found"));
  if (elsewhere !== null) return { outcome: "elsewhere", why: elsewhere.why };
  if (candidates.first === null) return refused(noneActive(modelRoute));
  const { candidate, step } = candidates.first;
  return { outcome: "attempt", candidate, why: step.why };
}

function refused({ code, status, message, options }: HeadgateError): ExplainedDecision {
  return { outcome: "error", status, code, message, retryAfterSeconds: options.retryAfterSeconds ?? null };
}
