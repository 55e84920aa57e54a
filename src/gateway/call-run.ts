// A call while it has attempts: what is known of all of them, what an opening means, and how an attempt is left for another.
import type { HeadgateError } from "../core/errors.ts";
import type { OutputEstimates } from "./allowances/output-estimates.ts";
import type { AttemptPlan } from "./attempt-plan.ts";
import { CallerGone } from "./call.ts";
import { judgeAttempt, type Verdict } from "./failover/judge-attempt.ts";
import { parseRetryAfter } from "./failover/retry-after.ts";
import { type Flight, type FlightDeps, settled, tellHealth } from "./flight.ts";
import type { IncludeUsage } from "./include-usage.ts";
import type { HeldAnswer } from "./reply/held-answer.ts";
import type { ResponseOwners } from "./responses/response-owners.ts";
import type { OpenedAnswer, Opening } from "./upstream/attempt.ts";

export interface AttemptDeps extends FlightDeps {
  includeUsage: IncludeUsage;
  responses: ResponseOwners;
  outputs: OutputEstimates;
}

/** A call while it has attempts. */
export interface Run {
  deps: AttemptDeps;
  plan: AttemptPlan;
  isInference: boolean;
  /** Attempts that have not been settled. */
  flights: Flight[];
  /** Why the call ended before its answer. */
  interruption: HeadgateError | CallerGone | null;
  /** The last answer that was an error and not passed on at once. */
  held: HeldAnswer | null;
  /** The least that answers with 429 asked to wait, ms. */
  retryAfterMs: number | null;
  /** When the first attempt was sent; 0 before that. */
  firstSentAtMs: number;
}

/** What an opening means for the call and for the deployment's health. */
export function judge(run: Run, flight: Flight, opening: Opening): Verdict {
  const { isInference, plan, deps } = run;
  const { method } = plan.call;
  if (opening.kind === "answer") {
    const { head, isEmpty, firstEvent } = opening;
    if (isRedirect(head.status) && method === "POST" && !isInference) {
      return judgeAttempt({
        kind: "failed",
        code: "upstream_unreachable",
        timeout: null,
        sent: true,
        isInference,
        hadItsTime: true,
      });
    }
    const { status, headers } = head;
    const hasCredential = flight.destination.endpoint.credential !== null;
    const nowMs = deps.clock.nowMs();
    return judgeAttempt({
      kind: "answer",
      status,
      headers,
      nowMs,
      method,
      isInference,
      hasCredential,
      isEmpty: isEmpty && head.status !== 304,
      firstEvent,
    });
  }
  const { error, timeout, sent } = opening;
  if (error instanceof CallerGone) return judgeAttempt({ kind: "abandoned" });
  const hadItsTime = timeout !== "total" || flight.hasFullTotal;
  return judgeAttempt({ kind: "failed", code: error.code, timeout, sent, isInference, hadItsTime });
}

/** Settles an attempt that is not the call's last, and keeps its error answer for the case that nothing better comes. */
export function leave(run: Run, flight: Flight, opening: Opening, verdict: Verdict | null): void {
  const { deps, flights } = run;
  const nowMs = deps.clock.nowMs();
  flights.splice(flights.indexOf(flight), 1);
  // Not waited for: it is written together with the start of the attempt that follows.
  if (opening.kind === "failed") {
    const error = opening.error instanceof CallerGone ? "client_disconnected" : opening.error.code;
    const status = opening.error instanceof CallerGone ? 499 : opening.error.status;
    void settled(deps, flight, { status, error, final: false, estimated: opening.sent });
  } else {
    const { status } = opening.head;
    const error =
      status >= 300 ? "upstream_error" : opening.firstEvent?.kind === "error" ? "stream_error" : "upstream_interrupted";
    void settled(deps, flight, { status, error, final: false, estimated: error === "upstream_interrupted" });
    flight.attempt.abort(new CallerGone());
    if (verdict !== null) holdAnswer(run, flight, opening, nowMs);
  }
  tellHealth(flight, verdict, nowMs);
}

function holdAnswer(run: Run, flight: Flight, { head, body }: OpenedAnswer, nowMs: number): void {
  if (head.status === 429) {
    const waitMs = parseRetryAfter(head.headers, nowMs);
    if (waitMs !== null) run.retryAfterMs = Math.min(run.retryAfterMs ?? waitMs, waitMs);
  }
  if (head.status >= 400 && body !== null) run.held = { head, body, endpoint: flight.destination.endpoint };
}

/** A caller's SDK would follow it, and send its prompt somewhere that no administrator has named. */
export function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304;
}
