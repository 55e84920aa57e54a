// The gateway's errors in the shapes that callers' SDKs understand.
import type { HeadgateError } from "../../core/errors.ts";
import type { CallerDialect } from "../route.ts";

const openaiType: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "invalid_request_error",
  429: "rate_limit_error",
};

const anthropicType: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  405: "invalid_request_error",
  408: "timeout_error",
  413: "request_too_large",
  415: "invalid_request_error",
  429: "rate_limit_error",
  503: "overloaded_error",
  504: "timeout_error",
};

const geminiStatus: Record<number, string> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  408: "DEADLINE_EXCEEDED",
  413: "INVALID_ARGUMENT",
  429: "RESOURCE_EXHAUSTED",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

/** The body of an error answer in the caller's dialect. */
export function errorBody(error: HeadgateError, dialect: CallerDialect, requestId: string): string {
  const { status, code, message } = error;
  if (dialect === "anthropic") {
    const type = anthropicType[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
    return JSON.stringify({ type: "error", error: { type, message }, request_id: requestId });
  }
  if (dialect === "gemini") {
    const details = [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: code, domain: "headgate" }];
    return JSON.stringify({ error: { code: status, message, status: geminiStatus[status] ?? "INTERNAL", details } });
  }
  const type = openaiType[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
  return JSON.stringify({ error: { message, type, param: error.options.field ?? null, code } });
}

/** The same error as one event of a stream that has begun; nothing may follow it. */
export function errorEvent(error: HeadgateError, dialect: StreamDialect, requestId: string): string {
  const { code, message } = error;
  // A blank line first: it ends an event that broke off half-way, and means nothing otherwise.
  if (dialect === "anthropic") return `\n\nevent: error\ndata: ${errorBody(error, "anthropic", requestId)}\n\n`;
  if (dialect === "responses") {
    return `\n\nevent: error\ndata: ${JSON.stringify({ type: "error", code, message, param: null, sequence_number: 0 })}\n\n`;
  }
  return `\n\ndata: ${errorBody(error, dialect, requestId)}\n\n`;
}

/** The dialect of a stream's events: the caller's, with OpenAI's Responses apart from its chat. */
export type StreamDialect = CallerDialect | "responses";
