// The table of changes.

/** What was changed, by whom. Never changed itself; retention removes it. */
export interface AuditTable {
  id: string;
  at: number;
  /** user | key | token (HEADGATE_ADMIN_TOKEN) | system (config, manifest, command line) */
  actor_kind: string;
  actor_id: string | null;
  actor_name: string;
  address: string | null;
  request_id: string | null;
  /** `<resource>.<verb>`, e.g. `key.rotate`. */
  action: string;
  resource_kind: string;
  resource_id: string | null;
  resource_name: string | null;
  /** JSON of what has changed, as the admin API shows it, secrets never; null: it was not there, or is not any more. */
  before: string | null;
  after: string | null;
}
