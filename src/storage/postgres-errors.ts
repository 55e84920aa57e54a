// What PostgreSQL's and its driver's errors mean to the callers of the storage port.
import { StorageUnavailable, UniqueViolation } from "./ports/errors.ts";

/** By the name of the violated index. Ids that are computed stand for the index over what they are computed from, as in SQLite. */
const constraints: ReadonlyMap<string, string> = new Map([
  ...[
    "endpoint_name",
    "model_name",
    "deployment_upstream_model",
    "deployment_model",
    "key_digest",
    "user_subject",
    "user_email",
    "group_name",
    "group_external_id",
    "manifest_name",
    "endpoint_manifest_entry",
  ].map((name) => [name, name] as const),
  ["users_pkey", "user_subject"],
  ["groups_pkey", "group_external_id"],
  ["endpoints_pkey", "endpoint_manifest_entry"],
  ["deployments_pkey", "deployment_upstream_model"],
]);

/**
 * SQLSTATE classes and codes that may pass without a change to the program (PostgreSQL manual, appendix A): connection lost (08),
 * out of resources (53), system error (58), shutting down or starting (57P), cancelled by a timeout (57014, 25P03, 55P03),
 * serialisation and deadlock (40001, 40P01), a standby that can't write yet (25006).
 */
const unavailable = /^(08|53|58|57P|57014|25P03|55P03|40001|40P01|25006)/;

const sqlState = /^[0-9A-Z]{5}$/;

/** True when the connection can't be used any more: everything that is not an answer of a server that goes on serving. */
export function breaksConnection(error: unknown): boolean {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code !== "string" || !sqlState.test(code) || severity === "FATAL" || severity === "PANIC";
}

export function postgresError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const { code, constraint } = error as Error & { code?: string; constraint?: string };
  const violated = code === "23505" && constraint !== undefined ? constraints.get(constraint) : undefined;
  if (violated !== undefined) return new UniqueViolation(violated, error);
  // The socket's errors and pg's own ("Connection terminated unexpectedly", "Query read timeout") have no SQLSTATE.
  const ofServer = code !== undefined && sqlState.test(code) && "severity" in error;
  if (ofServer ? unavailable.test(code) : isConnectionFailure(error)) {
    return new StorageUnavailable(`PostgreSQL: ${error.message}`, error);
  }
  return error;
}

function isConnectionFailure(error: Error & { code?: string; syscall?: string }): boolean {
  return (
    error.syscall !== undefined ||
    /^E[A-Z_]+$/.test(error.code ?? "") ||
    /terminated|timeout|not queryable|connection/i.test(error.message)
  );
}
