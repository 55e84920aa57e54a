// Every key of headgate.yaml: what it takes, its default, what it means. docs/configuration.md is generated from this.
import { z } from "zod";
import { scopes } from "../domain/api-key.ts";
import { dialects } from "../domain/dialect.ts";
import {
  checkAuthHeaderName,
  checkCredential,
  checkCustomHeaders,
  checkEndpointName,
  checkEndpointUrl,
  checkHeaderValue,
  checkModelName,
  checkProbeIntervalMs,
  checkProbeTimeoutMs,
  checkQuery,
  checkSyncIntervalMs,
  checkTimeoutMs,
  checkWeight,
} from "../domain/endpoint-fields.ts";
import { probeKinds } from "../domain/probe.ts";
import {
  byteSize,
  checkNetwork,
  checkOrigin,
  documented,
  duration,
  moment,
  mustBe,
  oneOf,
  port,
  secretText,
  text,
  textList,
  textMap,
  wholeNumber,
  withDefault,
} from "./fields.ts";
import { identity } from "./identity-schema.ts";
import { keyLimits } from "./limits-schema.ts";
import { manifest } from "./manifest-schema.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;

function checkPublicUrl(value: string): string | null {
  return checkEndpointUrl(value) === null ? null : "must be an http or https URL without user name, query or fragment";
}

const server = z.strictObject({
  host: withDefault(
    text((value) => (/^[^\s/]+$/.test(value) ? null : "must be an address or host name to listen on")),
    "127.0.0.1",
    { type: "address", description: "The address to listen on. `0.0.0.0` or `::` listens on all of the machine's." },
  ),
  port: withDefault(port(), 8080, { type: "port", description: "The port to listen on; `0` takes a free one." }),
  public_url: documented(text(checkPublicUrl).optional(), {
    type: "URL",
    description: "The URL under which callers reach Headgate, where that is not host and port (a proxy in front, a domain).",
  }),
  body_limit: withDefault(byteSize(), "32mb", {
    type: "size",
    description: "The largest request body; above it: 413 `body_too_large`.",
  }),
  bodies_in_flight_limit: withDefault(byteSize(), "512mb", {
    type: "size",
    description:
      "The most bytes of request bodies held at one time, by all workers together, each of which has an equal part of it; above it new requests get 503 `overloaded`.",
  }),
  calls_in_flight_limit: withDefault(
    wholeNumber((value) => (value >= 1 && value <= 1_000_000 ? null : "must be from 1 to 1000000")),
    20_000,
    {
      type: "number",
      description: "The most calls, streams among them, that one process has under way; above it new ones get 503 `overloaded`.",
    },
  ),
  overload_lag: withDefault(
    duration((ms) => (ms >= 20 && ms <= 10_000 ? null : "must be from 20ms to 10s")),
    "1s",
    {
      type: "duration",
      description:
        "How long one turn of a process's event loop may take for good, which is what calls and chunks wait for when there is too much work. Where it takes longer, for five times that long, new calls that are too much get 503 `overloaded`, as does one that has waited so long for its turn to begin; those under way go on.",
    },
  ),
  drain_timeout: withDefault(duration(), "10m", {
    type: "duration",
    description: "How long requests in flight may still run after SIGTERM; those left then are broken off.",
  }),
  drain_delay: withDefault(duration(), "0s", {
    type: "duration",
    description: "How long new work is still taken after SIGTERM while `/readyz` already fails; for load balancers that need it.",
  }),
  workers: withDefault(
    z.union(
      [z.literal("auto"), wholeNumber((value) => (value >= 0 && value <= 256 ? null : "must be from 0 to 256"))],
      mustBe('"auto" or a whole number'),
    ),
    "auto",
    {
      type: "`auto` or number",
      description:
        "How many processes serve calls, beside one that does everything else. `0`: one process does all; `auto`: as many as there are cores, at most 4, and one process where there is one core, or memory for no more.",
    },
  ),
  trusted_proxies: withDefault(textList(checkNetwork), [], {
    type: "list of addresses or networks",
    description:
      "Proxies whose `x-forwarded-for` is believed when it says where a caller comes from, so that the failed attempts of one address are held back, and whose `x-forwarded-proto` is believed when it says that the browser speaks TLS, so that cookies are `Secure`.",
  }),
  cors_origins: withDefault(textList(checkOrigin), [], {
    type: "list of origins",
    description: 'Browser origins that may call the API from pages of their own; `"*"` for any.',
  }),
});

const database = z.strictObject({
  url: documented(
    secretText((value) =>
      /^postgres(ql)?:\/\//.test(value) && URL.canParse(value)
        ? null
        : "must be a URL that begins with postgres:// or postgresql:// (leave it out for SQLite)",
    ).optional(),
    {
      type: "URL",
      description: "A PostgreSQL database, `postgres://user:password@host/name`. Left out: SQLite in the data directory.",
    },
  ),
});

const redis = z.strictObject({
  url: documented(
    secretText((value) =>
      /^rediss?:\/\/./.test(value) && URL.canParse(value)
        ? null
        : "must be a URL that begins with redis:// or rediss:// (leave it out for one process alone)",
    ).optional(),
    {
      type: "URL",
      description:
        "A Redis that all Headgates of one PostgreSQL share, `redis://user:password@host:port/number` (`rediss://` with TLS): limits and budgets then hold for all of them together. Left out: this process counts alone.",
    },
  ),
  timeout: withDefault(
    duration((ms) => (ms >= 1 && ms <= 1000 ? null : "must be from 1ms to 1s")),
    "10ms",
    {
      type: "duration",
      description:
        "The longest that a call waits for it. When it takes longer or is away, this process admits calls within its share of the limits, and says so in `/readyz`.",
    },
  ),
});

const metrics = z.strictObject({
  port: documented(port().optional(), {
    type: "port",
    description:
      "A port of its own for `/metrics`, served without a token, on `server.host`. Left out: `/metrics` on the main port, with the admin token.",
  }),
});

function retentionTime(standard: string, what: string) {
  return withDefault(
    duration((ms) => (ms >= 3_600_000 ? null : "must be at least 1h")),
    standard,
    { type: "duration", description: `How long ${what}` },
  );
}

const retention = z.strictObject({
  requests: retentionTime("30d", "the ledger keeps single requests and attempts. Hourly sums stay for good."),
  sync_runs: retentionTime("90d", "records of synchronisations are kept."),
  audit: retentionTime("365d", "the audit log keeps who changed what."),
});

const accounting = z.strictObject({
  on_failure: withDefault(oneOf(["refuse", "continue"]), "refuse", {
    type: "`refuse` or `continue`",
    description:
      "What happens when usage can't be recorded (disk full): `refuse` new work with 503 `accounting_unavailable`, or `continue` and count what went unrecorded.",
  }),
});

const log = z.strictObject({
  level: withDefault(oneOf(logLevels), "info", {
    type: logLevels.map((level) => `\`${level}\``).join(", "),
    description: "The least severe log lines that are written.",
  }),
});

const connectTimeout = "Until the TCP and TLS connection stands.";
const firstByteTimeout = "From the request being sent to the first byte of the answer.";
const idleTimeout = "Longest silence within an answer; keep-alive comments don't count.";
const totalTimeout = "From the attempt's start (the first one's: the request's arrival) to the last byte of the answer.";

/** Of calls to endpoints and models that set none of their own. */
const timeouts = z.strictObject({
  connect: withDefault(duration(checkTimeoutMs), "5s", { type: "duration", description: connectTimeout }),
  first_byte: documented(duration(checkTimeoutMs).optional(), {
    type: "duration",
    description: firstByteTimeout,
    defaultText: "`60s` for streams, `total` for plain answers",
  }),
  idle: withDefault(duration(checkTimeoutMs), "60s", { type: "duration", description: idleTimeout }),
  total: withDefault(duration(checkTimeoutMs), "10m", {
    type: "duration",
    description: `${totalTimeout} All four are for calls to endpoints and models that set none of their own.`,
  }),
});

function endpointTimeout(description: string) {
  const defaultText = "that of the section `timeouts`";
  return documented(duration(checkTimeoutMs).optional(), { type: "duration", description, defaultText });
}

const endpointTimeouts = z.strictObject({
  connect: endpointTimeout(connectTimeout),
  first_byte: endpointTimeout(firstByteTimeout),
  idle: endpointTimeout(idleTimeout),
  total: endpointTimeout(totalTimeout),
});

const endpointProbe = z.strictObject({
  kind: withDefault(oneOf(probeKinds), "models", {
    type: probeKinds.map((kind) => `\`${kind}\``).join(" or "),
    description:
      "How the endpoint is asked, between calls, whether it works: for its list of `models`, or each active model for a `completion` of one token. Without a `probe` section only calls show it.",
  }),
  interval: withDefault(duration(checkProbeIntervalMs), "30s", {
    type: "duration",
    description: "The time between two probes; from `1s` to `1h`.",
  }),
  timeout: withDefault(duration(checkProbeTimeoutMs), "10s", {
    type: "duration",
    description: "How long one may take; from `100ms` to `60s`.",
  }),
});

const endpoint = z.strictObject({
  name: documented(text(checkEndpointName), {
    type: "name",
    description: "Unique; 1 to 64 letters, digits, `.`, `_`, `-`. It appears in URLs, headers and the ledger.",
  }),
  url: documented(text(checkEndpointUrl), {
    type: "URL",
    description: "The base URL, e.g. `https://api.openai.com/v1`. Without a path, `/v1` is added.",
  }),
  api_key: documented(secretText(checkCredential).optional(), {
    type: "text",
    description: "The provider's key, best written as `${VARIABLE}`. Stored encrypted, never shown again.",
  }),
  description: documented(text((value) => (value.length <= 1000 ? null : "must be at most 1000 characters")).optional(), {
    type: "text",
    description: "For people: whose account, what for.",
  }),
  dialect: documented(oneOf(dialects).optional(), {
    type: dialects.map((dialect) => `\`${dialect}\``).join(", "),
    description: "The wire format that the endpoint speaks.",
    defaultText:
      "by host: `anthropic` for api.anthropic.com, `azure` for `*.openai.azure.com`, `gemini` for generativelanguage.googleapis.com, else `openai`",
  }),
  auth_header_name: documented(text(checkAuthHeaderName).optional(), {
    type: "header name",
    description: "The header that carries the key.",
    defaultText: "by dialect: `Authorization`, `x-api-key`, `api-key`, `x-goog-api-key`",
  }),
  auth_header_prefix: documented(text(checkHeaderValue).optional(), {
    type: "text",
    description: "What precedes the key in it, spaces included.",
    defaultText: '`"Bearer "` in `Authorization`, nothing elsewhere',
  }),
  headers: withDefault(
    textMap(checkCustomHeaders),
    {},
    {
      type: "map",
      description: "Headers sent upstream on every request.",
    },
  ),
  query: withDefault(
    textMap(checkQuery),
    {},
    {
      type: "map",
      description: "Parameters added to every upstream URL.",
    },
  ),
  models: withDefault(z.union([z.literal("all"), textList(checkModelName)], mustBe('"all" or a list of model names')), "all", {
    type: "`all` or list",
    description: "`all` follows the provider's list; a list pins these upstream models.",
  }),
  aliases: withDefault(
    textMap((map) => {
      const wrong = [...Object.keys(map), ...Object.values(map)].map(checkModelName).find((problem) => problem !== null);
      return wrong === undefined ? null : `model names ${wrong}`;
    }),
    {},
    { type: "map", description: "Upstream model name to the name that callers use." },
  ),
  sync_interval: withDefault(duration(checkSyncIntervalMs), "1h", {
    type: "duration",
    description: "How often the provider is asked for its models; `0` only on demand.",
  }),
  timeouts: endpointTimeouts.prefault({}),
  weight: withDefault(wholeNumber(checkWeight), 1, {
    type: "number",
    description:
      "The endpoint's share of calls where several serve one model. A model can set other weights for its deployments.",
  }),
  probe: endpointProbe.optional(),
});

/** A seeded key is the administrator's own choice of text, so only its length guards it against guessing. */
function checkSeededKey(value: string): string | null {
  return checkCredential(value) ?? (value.length >= 16 ? null : "must be at least 16 characters");
}

const key = z.strictObject({
  name: documented(
    text((value) => (value.length >= 1 && value.length <= 128 ? null : "must be 1 to 128 characters")),
    {
      type: "text",
      description: "For people: who or what uses the key.",
    },
  ),
  key: documented(secretText(checkSeededKey), {
    type: "text",
    description: "The key itself, at least 16 characters, best written as `${VARIABLE}`. Stored as a digest.",
  }),
  models: documented(textList(checkModelName).optional(), {
    type: "list",
    description: "Models it may use; `*` stands for any run of characters.",
    defaultText: "all",
  }),
  scopes: withDefault(z.array(oneOf(scopes), mustBe("a list")), ["inference"], {
    type: `list of ${scopes.map((scope) => `\`${scope}\``).join(", ")}`,
    description: "What it may do: call models, call paths without a model, administer.",
  }),
  expires_at: documented(moment().optional(), {
    type: "time (RFC 3339)",
    description: "When it stops working.",
    defaultText: "never",
  }),
  limits: keyLimits.prefault({}),
});

/** The whole file. Unknown keys are refused; values come out in ms, bytes and Secrets. */
export const configSchema = z.strictObject({
  server: server.prefault({}),
  database: database.prefault({}),
  redis: redis.prefault({}),
  metrics: metrics.prefault({}),
  retention: retention.prefault({}),
  accounting: accounting.prefault({}),
  timeouts: timeouts.prefault({}),
  log: log.prefault({}),
  endpoints: z.array(endpoint, mustBe("a list of endpoints")).prefault([]),
  keys: z.array(key, mustBe("a list of keys")).prefault([]),
  identity: identity.prefault({}),
  manifests: z.array(manifest, mustBe("a list of manifests")).prefault([]),
});

/** A parsed file, in the file's own names. */
export type ParsedFile = z.output<typeof configSchema>;
