// What goes wrong in storage in a way that callers tell apart.

/**
 * The unique constraint that a write ran into: `endpoint_name`, `model_name`, `deployment_upstream_model`, `deployment_model`,
 * `key_digest`, `user_subject`, `user_email`, `group_name`, `group_external_id`, `manifest_name`, `endpoint_manifest_entry`. An id that is taken is
 * reported as what such ids are computed from: `user_subject`, `group_external_id`, `endpoint_manifest_entry`, `deployment_upstream_model`.
 */
export class UniqueViolation extends Error {
  readonly constraint: string;
  constructor(constraint: string, cause: unknown) {
    super(`unique constraint ${constraint}`, { cause });
    this.name = "UniqueViolation";
    this.constraint = constraint;
  }
}

/** The database can't be reached, is locked, or timed out: try again later. Everything else is a bug and stays what it is. */
export class StorageUnavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "StorageUnavailable";
  }
}
