// The tables of endpoints, of what syncing them has found, and of what went with deleted ones.

export interface EndpointsTable {
  id: string;
  name: string;
  description: string | null;
  url: string;
  /** The base that answered discovery; null: derive it from `url`. */
  base_url: string | null;
  dialect: string;
  /** AES-256-GCM, bound to the endpoint's id. */
  api_key_ciphertext: string | null;
  auth_header_name: string | null;
  auth_header_prefix: string | null;
  headers: string;
  query: string;
  /** JSON: "all" or a list of upstream ids. */
  models: string;
  /** JSON: upstream id → public name. */
  aliases: string;
  sync_interval_ms: number;
  /** JSON: the timeouts that were set. */
  timeouts: string;
  weight: number;
  /** JSON, a Probe of domain/probe.ts; null: none. */
  probe: string | null;
  /** JSON list of names, ids or external ids of groups whose members may use it; null: everybody. */
  groups: string | null;
  origin: string;
  /** Of an endpoint that a manifest declares: which one, and the key of its entry there. */
  manifest_id: string | null;
  manifest_key: string | null;
  /** What the last guarded sync would have taken offline, and how often in a row it said the same. */
  guard_signature: string | null;
  guard_count: number;
  created_at: number;
  updated_at: number;
  version: number;
}

export interface SyncRunsTable {
  id: string;
  endpoint_id: string;
  trigger: string;
  status: string;
  stage: string;
  error: string | null;
  counts: string;
  models: string;
  started_at: number;
  finished_at: number;
}

/** What went when an endpoint was deleted, for as long as it can come back. */
export interface DeletedEndpointsTable {
  endpoint_id: string;
  name: string;
  /** How many it had, without removed ones. */
  deployments: number;
  /** JSON of rows, as control/admin/endpoints/deleted-content.ts reads it; the credential is encrypted in it as it was. */
  content: string;
  deleted_at: number;
  expires_at: number;
}
