// Every error as the one JSON shape of the catalogue. What is not in the catalogue is logged and answered without detail.
import type { FastifyReply, FastifyRequest } from "fastify";
import { HeadgateError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import { StorageUnavailable, UniqueViolation } from "../../storage/ports/errors.ts";
import { databaseUnavailable } from "./answers.ts";

/** `sendOtherwise`: answers in a way of its own; false: it does not. */
export function answerError(
  log: Logger,
  sendOtherwise: (error: HeadgateError, request: FastifyRequest, reply: FastifyReply) => boolean = () => false,
) {
  return (cause: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const error = toHeadgateError(cause);
    if (error.status >= 500) {
      const fields = { request_id: request.id, method: request.method, path: request.routeOptions.url, err: cause };
      if (error.code === "internal_error") log.error(fields, "the admin API failed");
      else log.warn(fields, "the admin API could not answer");
    }
    if (!sendOtherwise(error, request, reply)) send(reply, error);
  };
}

/** 405 when the path takes other methods only, else 404 (a file that is not there has the right method). */
export function answerUnknownRoute(request: FastifyRequest, reply: FastifyReply, methods: string[]): void {
  const unknown = methods.length === 0 || methods.includes(request.method);
  send(reply, unknown ? new HeadgateError("not_found") : new HeadgateError("method_not_allowed", { allow: methods }));
}

function send(reply: FastifyReply, error: HeadgateError): void {
  const { field, conflicts, allow, retryAfterSeconds } = error.options;
  if (error.status === 401) reply.header("www-authenticate", "Bearer");
  if (allow !== undefined) reply.header("allow", allow.join(", "));
  if (retryAfterSeconds !== undefined) reply.header("retry-after", String(retryAfterSeconds));
  const body = { error: { code: error.code, message: error.message, field, conflicts } };
  // serialised here: the schema of a route's own answers does not apply, and unknown routes have none
  reply.code(error.status).type("application/json; charset=utf-8").serializer(JSON.stringify).send(body);
}

function toHeadgateError(cause: unknown): HeadgateError {
  if (cause instanceof HeadgateError) return cause;
  if (cause instanceof StorageUnavailable) return databaseUnavailable(cause);
  if (cause instanceof UniqueViolation) return uniqueViolation(cause);
  if (cause instanceof Error) {
    const code = (cause as { code?: unknown }).code;
    if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return new HeadgateError("body_too_large");
    if (code === "FST_ERR_CTP_INVALID_CONTENT_LENGTH") return new HeadgateError("invalid_json", { cause });
  }
  return new HeadgateError("internal_error", { cause });
}

/** Two writers at once: the database is the judge where the check before the write was passed by both. */
function uniqueViolation(cause: UniqueViolation): HeadgateError {
  if (cause.constraint.endsWith("_name")) return new HeadgateError("name_conflict", { field: "name", cause });
  if (cause.constraint === "group_external_id") return new HeadgateError("name_conflict", { field: "external_id", cause });
  if (cause.constraint === "user_email") {
    const message = "There is an account with this e-mail address already.";
    return new HeadgateError("name_conflict", { field: "email", message, cause });
  }
  if (cause.constraint.startsWith("deployment_")) {
    return new HeadgateError("alias_conflict", { message: "The models were changed at the same time. Try again.", cause });
  }
  return new HeadgateError("internal_error", { cause });
}
