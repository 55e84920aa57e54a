// The catalogue of everything that can fail: one table of codes, statuses and messages, and the error that carries one.

interface CatalogueEntry {
  /** HTTP status of the answer. */
  status: number;
  /** Where it can be seen: by callers of models, in the admin API, or both. */
  surface: "gateway" | "admin" | "both";
  /** The public message; a thrower may replace it by a more precise one, never with a credential, internal URL or stack in it. */
  message: string;
  /** What the reader can do about it; part of docs/errors.md. */
  remedy: string;
}

/** Codes are never renamed or reused: callers match on them. `docs/errors.md` is generated from this table. */
export const errorCatalogue = {
  missing_key: {
    status: 401,
    surface: "both",
    message:
      "No credential was sent. Send a Headgate key or an access token in the Authorization header ('Authorization: Bearer <key>'), or in 'x-api-key', 'api-key' or 'x-goog-api-key'.",
    remedy: "Send a Headgate key, or a token of an identity provider that Headgate is set up with, in one of the four headers.",
  },
  invalid_key: {
    status: 401,
    surface: "both",
    message: "The API key or token is not known here. Check that it is complete, and not revoked.",
    remedy: "Check the key for missing characters, or get a new token; ask an administrator for a new key.",
  },
  key_expired: {
    status: 401,
    surface: "both",
    message: "The API key or token has expired. Get a new one.",
    remedy: "Use a newer key or token, or have the key's `expires_at` moved.",
  },
  auth_unavailable: {
    status: 503,
    surface: "gateway",
    message: "The identity provider that could prove this token can't be asked at the moment. Retry shortly.",
    remedy: "Retry after `retry-after`; tokens that were proven lately, and Headgate keys, keep working meanwhile.",
  },
  not_allowed: {
    status: 403,
    surface: "both",
    message: "This caller is not allowed to do that.",
    remedy: "The message names what is missing: a scope of the key, or a domain, policy or group of the person.",
  },
  model_not_found: {
    status: 404,
    surface: "gateway",
    message: "The model does not exist or this caller may not use it. GET /v1/models lists the models that may be used.",
    remedy: "List the models with `GET /v1/models`; unknown and forbidden models get the same answer on purpose.",
  },
  response_not_found: {
    status: 404,
    surface: "gateway",
    message: "There is no response with this id that this key has made.",
    remedy: "Use the key (or another key of the same user) that made the response; unknown and others' ids get the same answer.",
  },
  model_offline: {
    status: 503,
    surface: "gateway",
    message: "The model is known, but no endpoint that serves it is online.",
    remedy: "Retry after the time in `retry-after`; an administrator sees the reason under `GET /admin/api/v1/models`.",
  },
  model_maintenance: {
    status: 503,
    surface: "gateway",
    message: "The model is in maintenance.",
    remedy: "Retry after the time in `retry-after`; whoever runs the model's manifest ends the maintenance there.",
  },
  endpoint_misconfigured: {
    status: 503,
    surface: "gateway",
    message: "The endpoint that serves this model lacks its credential. An administrator has to add it.",
    remedy: "Add the entry's `endpoint_id` to `METIS_API_TOKENS`, or to the manifest's `tokens`.",
  },
  manifest_unavailable: {
    status: 503,
    surface: "gateway",
    message: "The list of models has not been loaded yet. Retry shortly.",
    remedy: "Retry after `retry-after`; `GET /admin/api/v1/manifests` tells an administrator why the manifest can't be had.",
  },
  rate_limit_exceeded: {
    status: 429,
    surface: "both",
    message: "Too many requests. Retry after the time in retry-after.",
    remedy:
      "The message names whose limit it is; an administrator can raise it under `limits`. At sign-in: wait for `retry-after`, or have a link made that sets a new password.",
  },
  concurrency_limit_exceeded: {
    status: 429,
    surface: "gateway",
    message: "Too many requests are under way at once. Retry when one of them has ended.",
    remedy: "Retry after `retry-after`; an administrator can raise `limits.concurrent_requests`.",
  },
  insufficient_quota: {
    status: 429,
    surface: "gateway",
    message: "The budget is used up.",
    remedy: "The message says whose budget it is, and when it begins anew; an administrator can raise `limits.budget_usd`.",
  },
  unpriced_model: {
    status: 403,
    surface: "gateway",
    message:
      "The model has no price, and the caller's budget counts dollars. A price of 0 is a price: PUT /admin/api/v1/prices/{model}.",
    remedy: "Set a price (0 is one) with `PUT /admin/api/v1/prices/{model}`, or `limits.budget_unpriced: allow` on the budget.",
  },
  invalid_json: {
    status: 400,
    surface: "both",
    message: "The request body is not valid JSON.",
    remedy: "The message says at which byte reading stopped.",
  },
  model_required: {
    status: 400,
    surface: "gateway",
    message: "The request names no model. Send a top-level \"model\" string in the JSON body (or a form field 'model').",
    remedy: "Add `model`; requests without a model go to `/endpoints/{name}/v1/…` with a key of the `passthrough` scope.",
  },
  duplicate_model: {
    status: 400,
    surface: "gateway",
    message: 'The request body has more than one top-level "model". Send exactly one.',
    remedy: "Send one `model`; parsers differ on which of two wins, so Headgate takes neither.",
  },
  invalid_path: {
    status: 400,
    surface: "gateway",
    message: "The path may not contain a scheme, '//', '\\' or dot segments, plain or percent-encoded.",
    remedy: "Send the plain path of the API.",
  },
  invalid_header: {
    status: 400,
    surface: "gateway",
    message: "A request header has a value that Headgate can't read.",
    remedy: "The message names the header and what it takes.",
  },
  invalid_query: {
    status: 400,
    surface: "gateway",
    message: "A parameter of the query has a value that Headgate can't read.",
    remedy: "The message names the parameter and what it takes.",
  },
  body_too_large: {
    status: 413,
    surface: "both",
    message: "The request body is larger than this server accepts.",
    remedy: "Send less, or raise `server.body_limit`.",
  },
  body_timeout: {
    status: 408,
    surface: "gateway",
    message: "The request body did not arrive in time.",
    remedy: "Check the connection between caller and Headgate.",
  },
  unsupported_encoding: {
    status: 415,
    surface: "gateway",
    message: "Compressed request bodies are not supported. Send the body without content-encoding.",
    remedy: "Send the body uncompressed.",
  },
  upgrade_not_supported: {
    status: 501,
    surface: "gateway",
    message: "WebSocket upgrades are not supported. Use the HTTP API.",
    remedy: "Use the provider's HTTP or SSE API.",
  },
  upstream_unreachable: {
    status: 502,
    surface: "gateway",
    message: "The endpoint that serves this model could not be reached.",
    remedy: "`POST /admin/api/v1/endpoints/validate` tells an administrator at which stage the connection fails.",
  },
  upstream_timeout: {
    status: 504,
    surface: "gateway",
    message: "The endpoint that serves this model did not answer in time.",
    remedy: "The message names the timeout; it is configurable per endpoint under `timeouts`.",
  },
  upstream_interrupted: {
    status: 502,
    surface: "gateway",
    message: "The endpoint broke off its answer.",
    remedy: "Seen inside a stream, or as 502 before its first byte. Send the request again.",
  },
  accounting_unavailable: {
    status: 503,
    surface: "gateway",
    message: "Usage can't be recorded at the moment, so no new work is taken.",
    remedy: "Free disk space in the data directory, or set `accounting.on_failure: continue`.",
  },
  state_unavailable: {
    status: 503,
    surface: "gateway",
    message: "Who made this response can't be looked up at the moment. Retry shortly.",
    remedy: "Retry after `retry-after`; an administrator sees under `/readyz` whether the database is away.",
  },
  overloaded: {
    status: 503,
    surface: "gateway",
    message: "The gateway is at its limit of work in progress. Retry shortly.",
    remedy:
      "Retry after `retry-after`. Where it happens again and again, the log says what was short: an administrator can raise `server.bodies_in_flight_limit` or `server.calls_in_flight_limit`, or add processes.",
  },
  too_many_streams: {
    status: 429,
    surface: "admin",
    message:
      "Too many event streams are open: 10 for one user or key, 500 in all. Close one, or retry after the time in retry-after.",
    remedy: "Close pages that are not needed; a page in several tabs can share one stream.",
  },
  draining: {
    status: 503,
    surface: "both",
    message: "This gateway is shutting down. Retry; another one will answer.",
    remedy: "Retry after `retry-after`.",
  },
  starting: {
    status: 503,
    surface: "gateway",
    message: "This gateway is starting. Retry shortly.",
    remedy: "Retry after `retry-after`.",
  },
  not_found: {
    status: 404,
    surface: "both",
    message: "There is nothing at this path.",
    remedy: "Model calls live under /v1, administration under /admin/api/v1.",
  },
  method_not_allowed: {
    status: 405,
    surface: "both",
    message: "This method is not allowed here.",
    remedy: "The `allow` header lists the methods.",
  },
  internal_error: {
    status: 500,
    surface: "both",
    message: "Something went wrong inside Headgate. The request id finds the cause in the log.",
    remedy: "Look up the request id in the log; report it as a bug.",
  },
  invalid_credentials: {
    status: 401,
    surface: "admin",
    message: "The e-mail address or the password is wrong, or the account may not sign in.",
    remedy:
      "Check both; an administrator can make a link that sets a new password. Which of the reasons it is shows on purpose nowhere.",
  },
  session_ended: {
    status: 401,
    surface: "admin",
    message: "The session has ended. Sign in again.",
    remedy: "Sign in again; sessions end after a time, and when somebody ends them.",
  },
  csrf_required: {
    status: 403,
    surface: "admin",
    message: "A change from a browser's session needs the 'x-csrf-token' that GET /whoami gives.",
    remedy: "Send the `csrf_token` of `GET /whoami` as `x-csrf-token` with everything that is not a GET.",
  },
  foreign_origin: {
    status: 403,
    surface: "admin",
    message: "This is taken as JSON, and from pages of this Headgate alone.",
    remedy:
      "Send `content-type: application/json`, and no `origin` but Headgate's own. Behind a proxy that changes the `host` header, set `server.public_url`.",
  },
  link_not_valid: {
    status: 410,
    surface: "admin",
    message: "This link is not valid: it was used before, has expired, or a newer one has taken its place.",
    remedy:
      "Have a new link made: `headgate admin reset-password`, `POST /users/{id}/password-link`, or for set-up the next start.",
  },
  name_conflict: {
    status: 409,
    surface: "admin",
    message: "That name is taken.",
    remedy: "Choose another name.",
  },
  alias_conflict: {
    status: 409,
    surface: "admin",
    message: "Some aliases collide. `conflicts` lists all of them.",
    remedy: "Mend every entry of `conflicts`, then send the request again.",
  },
  stale: {
    status: 412,
    surface: "admin",
    message: "The resource has changed since it was read. Read it again and repeat the change.",
    remedy: "GET the resource, use its new ETag in `If-Match`.",
  },
  invalid_field: {
    status: 422,
    surface: "admin",
    message: "A field has a value that is not allowed.",
    remedy: "`field` names it, the message says what it takes.",
  },
  control_unavailable: {
    status: 503,
    surface: "admin",
    message: "The process that administers this gateway is being restarted. Calls to models continue; retry shortly.",
    remedy: "Retry after `retry-after`; the log says why it ended, if it does not come back.",
  },
  database_unavailable: {
    status: 503,
    surface: "admin",
    message: "The database can't be reached at the moment. Calls to models continue; administration has to wait.",
    remedy: "Bring the database back; Headgate reconnects by itself.",
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

export interface ErrorOptions {
  /** Replaces the catalogue's public message. */
  message?: string;
  /** For the log only: may name hosts and causes, never a credential. */
  detail?: string;
  /** Seconds for `retry-after`. */
  retryAfterSeconds?: number;
  /** The same request would fail again: SDKs are told not to repeat it. */
  neverRetry?: boolean;
  /** The request field or parameter at fault (OpenAI's `param`, the admin API's `field`). */
  field?: string;
  /** All conflicts at once, for `alias_conflict` and the `name_conflict` of a model. */
  conflicts?: unknown[];
  /** Methods for the `allow` header of `method_not_allowed`. */
  allow?: string[];
  cause?: unknown;
}

/** The one error class: a code of the catalogue, a public message, and a detail that only the log sees. */
export class HeadgateError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly options: ErrorOptions;

  constructor(code: ErrorCode, options: ErrorOptions = {}) {
    super(options.message ?? errorCatalogue[code].message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "HeadgateError";
    this.code = code;
    this.status = errorCatalogue[code].status;
    this.options = options;
  }
}
