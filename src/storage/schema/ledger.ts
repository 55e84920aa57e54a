// The tables of attempts and of corrections of what they have cost.

export interface AttemptsTable {
  started_at: number;
  id: string;
  request_id: string;
  attempt_no: number;
  process_id: string;
  request_started_at: number;
  /** started | settled | interrupted */
  state: string;
  key_id: string | null;
  user_id: string | null;
  group_id: string;
  model: string;
  endpoint_id: string;
  endpoint: string;
  deployment_id: string | null;
  upstream_model: string;
  dialect: string;
  method: string;
  path: string;
  stream: number;
  why: string;
  settled_at: number | null;
  status: number | null;
  error: string | null;
  /** 1 for the last attempt of a request (a started one counts as last until it is settled). */
  final: number;
  ttft_ms: number | null;
  duration_ms: number | null;
  input_tokens: number;
  cached_input_tokens: number;
  cache_write_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  /** measured | estimated */
  usage_source: string;
  cost_nano_usd: number | null;
  price_version: string | null;
  /** JSON, as core/token-details.ts reads it; null: none. */
  token_details: string | null;
}

/** A correction of what an attempt has cost; never changed itself. */
export interface AdjustmentsTable {
  attempt_started_at: number;
  attempt_id: string;
  id: string;
  at: number;
  /** Added to what the attempt cost, negative: it cost less. */
  delta_nano_usd: number;
  /** Added to how many requests have no price: -1 when the last attempt of one has got a price, else 0. */
  unpriced_requests: number;
  /** The price that has led to it. */
  price_version: string | null;
  /** reprice */
  reason: string;
  /** The run of the command that has written it. */
  batch_id: string;
  /** The rest is as in the attempt. */
  model: string;
  endpoint_id: string;
  endpoint: string;
  key_id: string | null;
  user_id: string | null;
  group_id: string;
}
