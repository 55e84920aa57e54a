// The one log line per call.
import { type JsonBytes, utf8 } from "../core/json-bytes.ts";
import type { RequestLogger } from "../core/logger.ts";
import type { RequestEvent } from "../gateway/ports.ts";

const names = {
  requestId: utf8(',"request_id":'),
  method: utf8(',"method":'),
  path: utf8(',"path":'),
  status: utf8(',"status":'),
  durationMs: utf8(',"duration_ms":'),
  keyId: utf8(',"key_id":'),
  userId: utf8(',"user_id":'),
  model: utf8(',"model":'),
  endpoint: utf8(',"endpoint":'),
  ttftMs: utf8(',"ttft_ms":'),
  attempts: utf8(',"attempts":'),
  errorCode: utf8(',"error":'),
} satisfies Partial<Record<keyof RequestEvent, Uint8Array>>;

/** Writes the line of a finished call: warn for 5xx and for what has a cause to tell, else info. */
export function logRequest(log: RequestLogger, event: RequestEvent): void {
  // A detail is prose from elsewhere (causes, stacks): it takes the path on which texts are looked through.
  if (event.detail !== null) log.warn(fieldsOf(event), "request");
  else log.request(event.status >= 500 ? "warn" : "info", addFields, event);
}

function addFields(line: JsonBytes, event: RequestEvent): void {
  line.raw(names.requestId);
  line.text(event.requestId);
  line.raw(names.method);
  line.text(event.method);
  line.raw(names.path);
  line.text(event.path);
  line.raw(names.status);
  line.number(event.status);
  line.raw(names.durationMs);
  line.number(event.durationMs);
  if (event.keyId !== null) {
    line.raw(names.keyId);
    line.text(event.keyId);
  }
  if (event.userId !== null) {
    line.raw(names.userId);
    line.text(event.userId);
  }
  if (event.model !== null) {
    line.raw(names.model);
    line.text(event.model);
  }
  if (event.endpoint !== null) {
    line.raw(names.endpoint);
    line.text(event.endpoint);
  }
  if (event.ttftMs !== null) {
    line.raw(names.ttftMs);
    line.number(event.ttftMs);
  }
  line.raw(names.attempts);
  line.number(event.attempts);
  if (event.errorCode !== null) {
    line.raw(names.errorCode);
    line.text(event.errorCode);
  }
}

/** The same as an object. */
function fieldsOf(event: RequestEvent): Record<string, string | number | undefined> {
  return {
    request_id: event.requestId,
    method: event.method,
    path: event.path,
    status: event.status,
    duration_ms: event.durationMs,
    key_id: event.keyId ?? undefined,
    user_id: event.userId ?? undefined,
    model: event.model ?? undefined,
    endpoint: event.endpoint ?? undefined,
    ttft_ms: event.ttftMs ?? undefined,
    attempts: event.attempts,
    error: event.errorCode ?? undefined,
    detail: event.detail ?? undefined,
  };
}
