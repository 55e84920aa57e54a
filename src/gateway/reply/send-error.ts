// Sends the gateway's own error answers.
import type { HeadgateError } from "../../core/errors.ts";
import type { Call } from "../call.ts";
import type { CallerReply } from "../caller-reply.ts";
import type { CallerRequest } from "../caller-request.ts";
import type { CallerDialect } from "../route.ts";
import { answerHeaders } from "./answer-headers.ts";
import { errorBody } from "./error-body.ts";

/** After an early refusal, this much of an unread body is taken in and dropped, so that the answer arrives and the connection survives. */
const discardBytesMax = 256 * 1024;
const discardTimeMs = 5000;

/** Answers `call` with `error`; does nothing when an answer has begun. */
export function sendError(call: Call, error: HeadgateError): void {
  call.status = error.status;
  call.errorCode = error.code;
  call.detail = error.options.detail ?? null;
  if (call.res.headersSent) return;
  const headers = answerHeaders(call);
  sendErrorTo(call.req, call.res, error, call.dialect, call.id, headers);
  if (call.capture === null || call.method === "HEAD") return;
  call.capture.answerBegins("application/json", "");
  call.capture.answered(Buffer.from(errorBody(error, call.dialect, call.id)));
}

/** The same before there is a call: paths that don't parse, a gateway that isn't ready. */
export function sendErrorTo(
  req: CallerRequest,
  res: CallerReply,
  error: HeadgateError,
  dialect: CallerDialect,
  requestId: string,
  headers: string[] = ["x-request-id", requestId],
): void {
  const body = errorBody(error, dialect, requestId);
  headers.push("content-type", "application/json", "content-length", String(Buffer.byteLength(body)));
  headers.push("x-headgate-error-source", "gateway", "x-headgate-error-code", error.code);
  if (error.status === 401) headers.push("www-authenticate", "Bearer");
  if (error.options.allow !== undefined) headers.push("allow", error.options.allow.join(", "));
  if (error.options.retryAfterSeconds !== undefined) headers.push("retry-after", String(error.options.retryAfterSeconds));
  if (error.options.neverRetry === true) headers.push("x-should-retry", "false");
  // RFC 9110 §15.5.9: after a 408 the rest of the body may still come, and nobody waits for it.
  if (error.code === "draining" || error.code === "body_timeout") headers.push("connection", "close");
  res.writeHead(error.status, headers);
  res.end(req.method === "HEAD" ? undefined : body);
  discardRest(req);
}

export function discardRest(req: CallerRequest): void {
  if (req.complete || req.destroyed) return;
  let left = discardBytesMax;
  const giveUp = () => {
    req.off("data", drop);
    req.pause();
    req.socket.destroySoon();
  };
  const drop = (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) giveUp();
  };
  const timer = setTimeout(giveUp, discardTimeMs);
  timer.unref();
  req.on("data", drop);
  req.once("close", () => clearTimeout(timer));
  req.resume();
}
