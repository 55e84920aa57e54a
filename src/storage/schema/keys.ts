// The table of keys.

export interface KeysTable {
  id: string;
  name: string;
  prefix: string;
  digest: string;
  previous_digest: string | null;
  previous_expires_at: number | null;
  user_id: string | null;
  group_id: string;
  /** JSON list, or null: all that the group may use. */
  models: string | null;
  scopes: string;
  expires_at: number | null;
  /** JSON, as domain/limits.ts reads it; null: none. */
  limits: string | null;
  /** JSON, as domain/body-keeping.ts reads it; null: bodies of requests are not kept. */
  bodies: string | null;
  origin: string;
  created_at: number;
  updated_at: number;
  deleted_at: number | null;
  version: number;
}
