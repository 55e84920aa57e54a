// The table of what requests sent and were answered.

/** What was sent and answered. The texts are AES-256-GCM, bound to the request's id; they end where `truncated` is 1. */
export interface RequestBodiesTable {
  request_id: string;
  request_started_at: number;
  key_id: string | null;
  user_id: string | null;
  /** The group that paid. */
  group_id: string;
  /** Null: there was none, or none that is text. */
  request_body: string | null;
  /** The media type, without parameters; null: not said. */
  request_type: string | null;
  /** All of it, as it was sent; null: there was none. */
  request_bytes: number | null;
  request_truncated: number;
  response_body: string | null;
  response_type: string | null;
  response_bytes: number | null;
  response_truncated: number;
  /** JSON list: of what something was replaced. */
  redacted: string;
  expires_at: number;
}
