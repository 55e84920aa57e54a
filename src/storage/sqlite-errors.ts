// What SQLite's errors mean to the callers of the storage port.
import { StorageUnavailable, UniqueViolation } from "./ports/errors.ts";

/**
 * SQLite names the columns of a violated index, not the index. Ids that are computed from what another index holds unique stand
 * for that one: of the two, the primary key is looked at first.
 */
const constraintByColumns: Record<string, string> = {
  "endpoints.name": "endpoint_name",
  "models.name": "model_name",
  "deployments.endpoint_id, deployments.upstream_model": "deployment_upstream_model",
  "deployments.endpoint_id, deployments.model_id": "deployment_model",
  "keys.digest": "key_digest",
  "users.source, users.subject": "user_subject",
  "users.id": "user_subject",
  // Of an expression it names the index.
  "index 'user_email'": "user_email",
  "groups.name": "group_name",
  "groups.source, groups.external_id": "group_external_id",
  "groups.id": "group_external_id",
  "manifests.name": "manifest_name",
  "endpoints.manifest_id, endpoints.manifest_key": "endpoint_manifest_entry",
  "endpoints.id": "endpoint_manifest_entry",
  "deployments.id": "deployment_upstream_model",
};

/** Locked, unreadable, full or taken away: all may pass without a change to the program. Extended codes begin with these. */
const unavailable = /^SQLITE_(BUSY|LOCKED|IOERR|CANTOPEN|FULL|READONLY|PROTOCOL|NOMEM|INTERRUPT)/;

/** An error of SQLite's own, as it is: a bug in a statement, a violated foreign key, a damaged file. */
export class SqliteFailure extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = "SqliteFailure";
    this.code = code;
  }
}

export function sqliteError(code: string, message: string): Error {
  const failure = new SqliteFailure(code, message);
  const violated = /^UNIQUE constraint failed: (.+)$/.exec(message)?.[1];
  const constraint = violated === undefined ? undefined : constraintByColumns[violated];
  if (constraint !== undefined) return new UniqueViolation(constraint, failure);
  // libsql reports a file that can't be opened without a code.
  if (unavailable.test(code) || message.startsWith("ConnectionFailed("))
    return new StorageUnavailable(`SQLite: ${message}`, failure);
  return failure;
}
