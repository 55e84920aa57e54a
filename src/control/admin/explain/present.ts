// An explanation as the admin API shows it.
import type { CandidateBody, DecisionBody, ExplanationBody } from "../../../api/explain.ts";
import { formatTime } from "../../../api/time.ts";
import { formatDuration } from "../../../core/duration.ts";
import type { Charge } from "../../../domain/allowance.ts";
import type { ExplainedCandidate, ExplainedDecision, Explanation } from "../../../domain/explanation.ts";
import { limitsColumnOf } from "../../../domain/limits.ts";
import type { Timeouts } from "../../../domain/timeouts.ts";
import type { AllowanceView } from "../../allowances/allowance-views.ts";
import { presentLeft } from "../allowances/present.ts";
import { unknownHealth } from "../context.ts";
import { presentLimits } from "../limits-column.ts";
import { presentHealth } from "../models/present-health.ts";

/** `views`: of its limits, in their order. */
export function presentExplanation(
  { model, access, limits, routing, decision }: Explanation,
  views: readonly AllowanceView[],
): ExplanationBody {
  return {
    model,
    kind: routing?.kind ?? null,
    strategy: routing?.strategy ?? null,
    access,
    session: routing?.session ?? null,
    max_attempts: routing?.maxAttempts ?? null,
    call_timeout: routing === null ? null : formatDuration(routing.callMs),
    candidates: (routing?.candidates ?? []).map(presentCandidate),
    retries: routing === null ? null : { left: routing.retries.left, on_timeout: routing.retries.onTimeout },
    hedge: routing === null ? null : presentHedge(routing.hedge),
    limits: limits.map((charge, index) => presentLimit(charge, views[index])),
    decision: presentDecision(decision),
  };
}

/**
 * For those whose role does not show what stands behind a model: what they may do and would get, but not who answers. A model that is
 * not theirs is to them as one that there is not.
 */
export function withoutTargets(explanation: ExplanationBody): ExplanationBody {
  const { access, limits, decision } = explanation;
  const shown: DecisionBody = {
    ...decision,
    deployment: null,
    endpoint: null,
    upstream_model: null,
    share: null,
    why: decision.outcome === "attempt" ? "an endpoint of the model is called" : decision.why,
  };
  if (access.allowed) return { ...explanation, candidates: [], decision: shown };
  return {
    model: explanation.model,
    kind: null,
    strategy: null,
    access: { allowed: false, why: "there is no such model, or this caller may not use it" },
    session: null,
    max_attempts: null,
    call_timeout: null,
    candidates: [],
    retries: null,
    hedge: null,
    limits: limits.filter(({ owner }) => owner !== "model"),
    decision: shown,
  };
}

function presentLimit({ subject, limits }: Charge, view: AllowanceView | undefined): ExplanationBody["limits"][number] {
  const [owner, id] = subject.split(":") as ["key" | "user" | "group" | "model", string];
  return { owner, id, ...presentLimits(limitsColumnOf(limits)), left: view === undefined ? {} : presentLeft(limits, view) };
}

function presentCandidate(candidate: ExplainedCandidate): CandidateBody {
  const { deploymentId, health, score, share, order } = candidate;
  return {
    deployment: deploymentId,
    endpoint: candidate.endpoint,
    endpoint_id: candidate.endpointId,
    upstream_model: candidate.upstreamModel,
    status: candidate.status,
    reason: candidate.reason,
    since: formatTime(candidate.sinceMs),
    weight: candidate.weight,
    priority: candidate.priority,
    health: health === null ? unknownHealth(deploymentId) : presentHealth(health),
    timeouts: presentTimeouts(candidate.timeouts),
    eligible: candidate.eligible,
    why: candidate.why,
    score: score === null ? null : rounded(score),
    share: rounded(share),
    order,
  };
}

function presentTimeouts({ connectMs, firstByteMs, idleMs, totalMs }: Timeouts & { firstByteMs: number }) {
  return {
    connect: formatDuration(connectMs),
    first_byte: formatDuration(firstByteMs),
    idle: formatDuration(idleMs),
    total: formatDuration(totalMs),
  };
}

function presentHedge({ delayMs, left, why }: { delayMs: number | null; left: number; why: string }) {
  return { delay: delayMs === null ? null : formatDuration(Math.round(delayMs)), left, why };
}

function presentDecision(decision: ExplainedDecision): DecisionBody {
  const nowhere = { deployment: null, endpoint: null, upstream_model: null, share: null };
  if (decision.outcome === "elsewhere") return { ...nowhere, outcome: "elsewhere", why: decision.why, error: null };
  if (decision.outcome === "error") {
    const { status, code, message, retryAfterSeconds } = decision;
    return { ...nowhere, outcome: "error", why: message, error: { status, code, message, retry_after: retryAfterSeconds } };
  }
  const { deploymentId, endpoint, upstreamModel, share } = decision.candidate;
  return {
    outcome: "attempt",
    deployment: deploymentId,
    endpoint,
    upstream_model: upstreamModel,
    share: rounded(share),
    why: decision.why,
    error: null,
  };
}

/** Costs differ by orders of magnitude, and a share of 0.0004 is one: to four places that count. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
