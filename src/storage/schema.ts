// The tables, as Kysely sees them: text ids, integer ms, integer money, JSON as text, 0/1 for booleans.

export interface MetaTable {
  key: string;
  value: string;
}

export interface GroupsTable {
  id: string;
  name: string;
  /** JSON list of names or patterns. */
  models: string;
  /** The identity provider that it comes from, and its id there; null: made here. */
  source: string | null;
  external_id: string | null;
  /** JSON, as domain/limits.ts reads it; null: none. */
  limits: string | null;
  /** JSON, as domain/body-keeping.ts reads it; null: bodies of requests are not kept. */
  bodies: string | null;
  created_at: number;
  updated_at: number;
  version: number;
}

export interface UsersTable {
  id: string;
  name: string;
  email: string | null;
  /** What the identity provider calls the user. */
  username: string | null;
  /** administrator | operator | group_manager | member | auditor */
  role: string;
  /** `local`, or the identity provider of domain/identity.ts. */
  source: string;
  /** Stable at the source; null: made here. */
  subject: string | null;
  /** Null again when the group is deleted. */
  primary_group_id: string | null;
  /** JSON, as domain/limits.ts reads it; null: the default of callers with a token. */
  limits: string | null;
  /** When a token of the user was last verified, or the user last signed in; null: never. */
  last_seen_at: number | null;
  /** As control/accounts/password-hash.ts writes it; null: no password, no sign-in with one. */
  password_hash: string | null;
  /** Since when the user may not sign in, and none of their keys and tokens is good; null: not disabled. */
  disabled_at: number | null;
  created_at: number;
  updated_at: number;
  version: number;
}

/** Somebody who has signed in. */
export interface SessionsTable {
  id: string;
  /** Of the cookie's secret: SHA-256, hex. */
  digest: string;
  user_id: string;
  /** password | oidc | proxy | setup */
  method: string;
  address: string | null;
  user_agent: string | null;
  created_at: number;
  /** To the minute. */
  last_seen_at: number;
  expires_at: number;
}

/** A link that is good once. */
export interface OneTimeLinksTable {
  /** Of its secret: SHA-256, hex. */
  digest: string;
  /** setup: makes the first administrator. password: sets the user's password. */
  purpose: string;
  /** Null for setup. */
  user_id: string | null;
  created_at: number;
  expires_at: number;
}

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

/** Who is in which group, and who says so: `admin`, or the source of the user. */
export interface GroupMembersTable {
  group_id: string;
  user_id: string;
  source: string;
  created_at: number;
}

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
  created_at: number;
  updated_at: number;
  version: number;
}

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

export interface ModelsTable {
  id: string;
  name: string;
  /** pool | virtual */
  kind: string;
  /** Null: balanced. */
  strategy: string | null;
  /** Null: every target once, at most 4. */
  max_attempts: number | null;
  /** JSON: the parts of a Hedge (domain/pool.ts) that were set; null: no hedging. */
  hedge: string | null;
  /** JSON: the timeouts that were set. */
  timeouts: string;
  /** Of a virtual model; a pool is disabled by disabling its deployments. Null: not disabled. */
  disabled_at: number | null;
  /** JSON list of names, ids or external ids of groups whose members may use it; null: all who are granted its name. */
  groups: string | null;
  /** JSON, as domain/limits.ts reads it; null: none. */
  limits: string | null;
  created_at: number;
  updated_at: number;
  version: number;
}

/** A target of a virtual model, or what a pool says about one of its deployments beside what the deployment's endpoint says. */
export interface ModelTargetsTable {
  model_id: string;
  deployment_id: string;
  /** Null: 1 in a virtual model, the endpoint's in a pool. */
  weight: number | null;
  /** Null: 0. */
  priority: number | null;
  /** The place in the model's list, from 0. */
  position: number;
}

export interface DeploymentsTable {
  id: string;
  endpoint_id: string;
  /** Null once removed by an administrator. */
  model_id: string | null;
  upstream_model: string;
  /** discovered | static | manifest */
  source: string;
  status: string;
  reason: string | null;
  since: number;
  /** Set when an administrator removed it: discovery leaves it alone until it is added again. */
  removed_at: number | null;
  created_at: number;
  updated_at: number;
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
}

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

/** Something that was asked for as a file. */
export interface ExportsTable {
  id: string;
  /** requests | usage | audit */
  kind: string;
  /** csv | json */
  format: string;
  /** JSON: the query of the list, as it would be sent to it. */
  query: string;
  /** JSON: how far the reach of whoever asked went then. */
  scope: string;
  /** Whose it is; null: the installation's. */
  user_id: string | null;
  /** Who asked, as in the audit log. */
  actor_kind: string;
  actor_id: string | null;
  actor_name: string;
  /** waiting | running | done | failed | cancelled */
  status: string;
  rows: number;
  /** In thousandths; null: not known. */
  progress: number | null;
  bytes: number;
  /** For whoever asked. */
  error: string | null;
  created_at: number;
  finished_at: number | null;
  /** Set when it has finished. */
  expires_at: number | null;
}

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

export interface Database {
  meta: MetaTable;
  users: UsersTable;
  groups: GroupsTable;
  group_members: GroupMembersTable;
  manifests: ManifestsTable;
  sessions: SessionsTable;
  one_time_links: OneTimeLinksTable;
  audit: AuditTable;
  endpoints: EndpointsTable;
  models: ModelsTable;
  model_targets: ModelTargetsTable;
  deployments: DeploymentsTable;
  sync_runs: SyncRunsTable;
  keys: KeysTable;
  attempts: AttemptsTable;
  usage_hourly: UsageHourlyTable;
  usage_latency: UsageLatencyTable;
  usage_daily: UsageDailyTable;
  latency_daily: LatencyDailyTable;
  usage_changed_days: UsageChangedDaysTable;
  latency_hourly: LatencyHourlyTable;
  responses: ResponsesTable;
  request_bodies: RequestBodiesTable;
  exports: ExportsTable;
  deleted_endpoints: DeletedEndpointsTable;
}
