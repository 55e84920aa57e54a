// The table of answers that providers keep.

/** An answer that its provider keeps under an id (OpenAI's Responses). */
export interface ResponsesTable {
  /** The provider's. */
  id: string;
  /** Null: made by a call to a named endpoint that named no model of its. */
  deployment_id: string | null;
  endpoint_id: string;
  /** The public name that the caller used; "" for calls without one. */
  model: string;
  /** `user:usr_…`, or `key:key_…` for a key without a user. */
  owner: string;
  /** When the attempt that made it started. */
  created_at: number;
}
