// What one question to an endpoint tells about its health.

export interface ProbeOutcome {
  /** neutral: it says nothing about the health of what was asked; not reported. */
  verdict: "ok" | "failed" | "neutral";
  /** "ok", "timeout", "http 503", a code of egress/failure.ts: of a bounded set, without hosts, credentials or anything the endpoint sent. */
  cause: string;
  latencyMs: number;
}

/** Not the request's fault, and not the endpoint's good health: the statuses below 500 for which a call is tried elsewhere. */
const failedStatuses = new Set([401, 403, 408, 409, 425]);

/**
 * What an answer other than a 2xx says. A redirect is a failure: none is followed. 429 is neutral, the endpoint works and
 * calls find out themselves for how long it wants rest. So is every other 4xx, and 501 (llama.cpp's "this model does not
 * chat"): the question does not fit the model, as with embeddings.
 */
export function verdictOfStatus(status: number): ProbeOutcome["verdict"] {
  if (status === 501) return "neutral";
  return status < 400 || status >= 500 || failedStatuses.has(status) ? "failed" : "neutral";
}
