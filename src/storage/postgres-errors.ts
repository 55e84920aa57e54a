// What PostgreSQL's and its driver's errors mean to the callers of the storage port.
import { StorageUnavailable, UniqueViolation } from "./port.ts";

const constraints = new Set(["endpoint_name", "model_name", "deployment_upstream_model", "deployment_model", "key_digest"]);

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
  if (code === "23505" && constraint !== undefined && constraints.has(constraint)) return new UniqueViolation(constraint, error);
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
