// The roll-ups of attempts: usage and latencies by the hour and by the day.

/** What roll-ups add up. */
export interface UsageSums {
  requests: number;
  attempts: number;
  errors: number;
  input_tokens: number;
  cached_input_tokens: number;
  cache_write_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  cost_nano_usd: number;
  estimated_requests: number;
  unpriced_requests: number;
  interrupted_requests: number;
}

export interface UsageHourlyTable extends UsageSums {
  /** Start of the hour of the attempt's start, ms. */
  hour: number;
  /** Digest of the six dimensions below. */
  dims: string;
  model: string;
  endpoint_id: string;
  endpoint: string;
  key_id: string;
  user_id: string;
  group_id: string;
}

export interface UsageLatencyTable {
  hour: number;
  dims: string;
  /** duration | ttft */
  metric: string;
  /** Bucket of core/histogram.ts. */
  bucket: number;
  count: number;
}

/** usage_hourly by the UTC day and one of its dimensions, so that each attempt is counted once per dimension. Of days in usage_changed_days it is out of date. */
export interface UsageDailyTable extends UsageSums {
  /** Start of the day, ms. */
  day: number;
  /** model | endpoint | key | user | group */
  dimension: string;
  /** Name of the model or endpoint, id of the others; "": none. */
  value: string;
  /** Of a user's: the group that paid; else "". */
  payer: string;
}

/** usage_latency by the UTC day and whose it is. Of days in usage_changed_days it is out of date. */
export interface LatencyDailyTable {
  day: number;
  metric: string;
  bucket: number;
  user_id: string;
  group_id: string;
  count: number;
}

/** usage_latency by the hour and the group that paid. Of days in usage_changed_days it is out of date, of the current day it has nothing. */
export interface LatencyPaidTable {
  group_id: string;
  hour: number;
  metric: string;
  /** JSON object: counts by bucket. */
  counts: string;
}

/** Days whose hours have changed since they were summed. */
export interface UsageChangedDaysTable {
  day: number;
}

/** usage_latency of all dimensions together. */
export interface LatencyHourlyTable {
  hour: number;
  metric: string;
  bucket: number;
  count: number;
}
