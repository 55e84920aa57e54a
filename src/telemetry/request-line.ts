// The one log line per call.
import type { RequestLogger } from "../core/logger.ts";
import type { RequestEvent } from "../gateway/ports.ts";

/** Writes the line of a finished call: warn for 5xx and for what has a cause to tell, else info. */
export function logRequest(log: RequestLogger, event: RequestEvent): void {
  const line = {
    request_id: event.requestId,
    method: event.method,
    path: event.path,
    status: event.status,
    duration_ms: event.durationMs,
    key_id: event.keyId ?? undefined,
    model: event.model ?? undefined,
    endpoint: event.endpoint ?? undefined,
    ttft_ms: event.ttftMs ?? undefined,
    attempts: event.attempts,
    error: event.errorCode ?? undefined,
    detail: event.detail ?? undefined,
  };
  // A detail is prose from elsewhere (causes, stacks): it takes the path on which texts are looked through.
  if (event.detail !== null) log.warn(line, "request");
  else log.request(event.status >= 500 ? "warn" : "info", line);
}
