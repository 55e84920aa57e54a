// The table of manifests.

export interface ManifestsTable {
  id: string;
  name: string;
  /** A URL without credentials, or the path of a file. */
  url: string;
  /** admin | config | environment: of the last two the rest is in the configuration, not here. */
  origin: string;
  interval_ms: number;
  /** JSON list of hosts; empty: any. */
  allowed_hosts: string;
  /** AES-256-GCM of JSON, bound to the manifest's id; null: none, or they are in the configuration. */
  headers_ciphertext: string | null;
  tokens_ciphertext: string | null;
  /** The last good copy, as it came; null: none was ever had. */
  content: string | null;
  /** Of that copy, for conditional requests. */
  etag: string | null;
  last_modified: string | null;
  last_success_at: number | null;
  /** JSON `{at, stage, detail}` of a failure since then; null: none. */
  last_error: string | null;
  /** JSON list of what the last application made of each entry, for the replicas that did not apply it; null: it was never applied. */
  applied: string | null;
  created_at: number;
  updated_at: number;
  version: number;
}
