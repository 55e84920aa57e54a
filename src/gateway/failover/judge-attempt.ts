// What the end of an attempt means: whether another deployment is tried, and what it says about this one's health.
import type { ErrorCode } from "../../core/errors.ts";
import type { TimeoutName } from "../upstream/deadlines.ts";
import type { FirstEventVerdict } from "./first-event.ts";
import { parseRetryAfter, rateLimitResetMs } from "./retry-after.ts";

/**
 * success: it works, also when it refuses what the caller asked. failure: counts towards being benched. neutral: says
 * nothing. limited: it works, but takes nothing more for `restMs`.
 */
export type AttemptHealth = "success" | "failure" | "neutral" | "limited";

export interface Verdict {
  /** Whether a repeat elsewhere is safe and may help; tries, time, budget and the caller's wishes are others' business. */
  retry: boolean;
  health: AttemptHealth;
  /** For how long the deployment gets no attempts; set with `limited`, and where a failing one asks for it. */
  restMs: number | null;
  /** Short, for ledger and log; never a text of the endpoint's. */
  cause: string;
}

/** The endpoint answered, and nothing of it has reached the caller. */
export interface AnsweredAttempt {
  kind: "answer";
  status: number;
  /** Flat, lower-case names. */
  headers: readonly string[];
  nowMs: number;
  method: string;
  isInference: boolean;
  /** Whether the endpoint has a credential of ours: a 401 is about it then. */
  hasCredential: boolean;
  /** The answer has ended without a byte of body. */
  isEmpty: boolean;
  /** Null unless the answer is an event stream that can be read. */
  firstEvent: FirstEventVerdict | null;
}

/** The attempt failed before anything reached the caller. */
export interface FailedAttempt {
  kind: "failed";
  code: ErrorCode;
  /** With `upstream_timeout`: which. */
  timeout: TimeoutName | null;
  /** The endpoint may have seen the request. */
  sent: boolean;
  isInference: boolean;
  /** False when the caller, or an earlier attempt, left it less time than configured: running out of it is not its fault. */
  hadItsTime: boolean;
}

/**
 * `broken`: the answer failed after its first byte had reached the caller, by timeout, reset, missing end or an error event.
 * `abandoned`: we ended it, since the caller left or another attempt was quicker.
 */
export type AttemptEnd =
  | AnsweredAttempt
  | FailedAttempt
  | { kind: "broken"; timeout: TimeoutName | null }
  | { kind: "abandoned" };

/** A provider that names no time is tried again after this. */
const restMsDefault = 1000;
const restMsMax = 10 * 60_000;

export function judgeAttempt(end: AttemptEnd): Verdict {
  switch (end.kind) {
    case "answer":
      return judgeAnswer(end);
    case "failed":
      return judgeFailure(end);
    case "broken": {
      // A long answer that meets the total timeout was coming all the time.
      const health = end.timeout === "total" ? "neutral" : "failure";
      return verdict(false, health, end.timeout === null ? "broke off" : `${end.timeout} timeout`);
    }
    case "abandoned":
      return verdict(false, "neutral", "abandoned");
  }
}

function judgeAnswer(end: AnsweredAttempt): Verdict {
  const { status, firstEvent } = end;
  if (status < 200 || status > 299) return judgeStatus(end, status, `status ${status}`);
  if (firstEvent?.kind === "error") {
    return judgeStatus(end, firstEvent.status, `first event is an error (${firstEvent.status})`);
  }
  if (firstEvent?.kind === "none" && end.method === "POST") return verdict(true, "failure", "stream ended before any event");
  // Elsewhere an empty answer may be all there is to say, as to a DELETE.
  if (end.isEmpty && (end.isInference || (end.method === "POST" && status === 200))) {
    return verdict(true, "failure", `empty ${status}`);
  }
  return fine;
}

function judgeStatus(end: AnsweredAttempt, status: number, cause: string): Verdict {
  switch (status) {
    case 401:
    case 402: // out of credit: as much about our account as the other two
    case 403:
      return end.hasCredential ? verdict(true, "failure", cause) : verdict(false, "neutral", cause);
    case 404: // may be a model that the provider no longer has
    case 405:
    case 410:
    case 501:
    case 505:
      return verdict(false, "neutral", cause);
    case 408:
      // Bodies of other calls stream through: there the endpoint may have waited for the caller.
      return verdict(true, end.isInference ? "failure" : "neutral", cause);
    case 409: // a conflict with another request, or a replay that may be risky: no more than this one call's bad luck
    case 425:
      return verdict(true, "neutral", cause);
    case 429:
      return verdict(true, "limited", cause, restOf(end) ?? bounded(rateLimitResetMs(end.headers, end.nowMs)) ?? restMsDefault);
    case 529: // Anthropic's "overloaded": the provider's trouble and not our limit, so it counts, but at once is too early
      return verdict(true, "failure", cause, restOf(end) ?? restMsDefault);
  }
  if (status >= 500) return verdict(true, "failure", cause, restOf(end));
  // No API answers a model call like that: the endpoint's URL is wrong. Files are fetched by redirects.
  if (status >= 300 && status < 400 && end.isInference) return verdict(true, "failure", cause);
  return verdict(false, "success", cause);
}

function judgeFailure(end: FailedAttempt): Verdict {
  const { code, timeout, sent } = end;
  // The gateway's own errors, and the caller's.
  if (!code.startsWith("upstream_")) return verdict(false, "neutral", code);
  // What may have been sent may have been done: then only calls that change nothing are repeated.
  const retry = !sent || end.isInference;
  if (code !== "upstream_timeout") return verdict(retry, "failure", sent ? "connection lost" : "not connected");
  return verdict(retry, end.hadItsTime ? "failure" : "neutral", `${timeout ?? "total"} timeout`);
}

const fine: Verdict = Object.freeze(verdict(false, "success", "answered"));

function verdict(retry: boolean, health: AttemptHealth, cause: string, restMs: number | null = null): Verdict {
  return { retry, health, restMs, cause };
}

function restOf(end: AnsweredAttempt): number | null {
  return bounded(parseRetryAfter(end.headers, end.nowMs));
}

function bounded(restMs: number | null): number | null {
  return restMs === null ? null : Math.min(restMs, restMsMax);
}
