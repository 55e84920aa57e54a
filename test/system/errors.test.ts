// Every code of the catalogue, provoked on a real socket: its status, its shape in the caller's dialect, its headers, and nothing private in it.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { EventHub } from "../../src/control/events/event-hub.ts";
import { systemClock } from "../../src/core/clock.ts";
import { type ErrorCode, errorCatalogue } from "../../src/core/errors.ts";
import { inMaintenance, withoutToken } from "../../src/domain/deployment-reason.ts";
import { contentOf, endpointOf, modelOf, targetOf } from "../../src/domain/fixtures/views.ts";
import { noLimits } from "../../src/domain/limits.ts";
import type { SnapshotContent } from "../../src/domain/snapshot.ts";
import type { Snapshot } from "../../src/gateway/snapshot.ts";
import { SnapshotHolder } from "../../src/gateway/snapshot-holder.ts";
import { ForwardToControl } from "../../src/processes/forward-to-control.ts";
import { startAdminApi, adminToken as tokenOfApiUnderTest } from "../support/admin-api.ts";
import { type BareGateway, endpointAt, snapshotWithKey, startBareGateway } from "../support/bare-gateway.ts";
import { type Headgate, startHeadgate, testAdminToken } from "../support/headgate.ts";
import { createHome, startHeadgateProcess } from "../support/headgate-process.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import type { RawConnection } from "../support/raw-http/raw-connection.ts";
import type { RawResponse } from "../support/raw-http/raw-response.ts";
import { type RawRequest, rawConnect, rawRequest, rawRequestBytes } from "../support/raw-http.ts";
import { lockSqlite } from "../support/sqlite-lock.ts";

const providerKey = "canary-provider-key-0123456789";
const seededKey = "canary-seeded-key-0123456789";
const privateDetail = "canary-detail at 10.1.2.3";
const bodyLimitBytes = 256 * 1024;

let provider: Provider;
let headgate: Headgate;
let key: string;
let expiredKey: string;

/** Undone after the test, last first. */
const cleanUps: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  provider = await startProvider();
  headgate = await startHeadgate({ config: { server: { body_limit: bodyLimitBytes, bodies_in_flight_limit: bodyLimitBytes } } });
  const url = `${provider.url}/v1`;
  // Models that the provider does not list: a synchronisation would take them offline.
  const unlisted = { sync: false, sync_interval: 0 };
  provider.models = ["m"];
  await headgate.addEndpoint({ name: "prod", url, api_key: providerKey });
  await headgate.addEndpoint({ name: "hasty", url, ...unlisted, models: ["hasty"], timeouts: { first_byte: "200ms" } });
  // Nobody listens there: a port that was free a moment ago might be taken meanwhile.
  await headgate.addEndpoint({ name: "gone", url: "http://127.0.0.1:1/v1", ...unlisted, models: ["gone"] });
  provider.models = ["fleeting"];
  const fleeting = await headgate.addEndpoint({ name: "fleeting", url });
  provider.models = ["another"];
  await headgate.admin("POST", `/endpoints/${fleeting.id}/synchronize`);
  key = await headgate.createKey();
  // It has to be in the future still when it is read.
  const expiresAtMs = Date.now() + 3000;
  const scopes = ["inference", "admin"];
  expiredKey = await headgate.createKey({ scopes, expires_at: new Date(expiresAtMs).toISOString() });
  await headgate.eventually(async () => Date.now() > expiresAtMs);
});
afterAll(async () => {
  await headgate?.stop();
  await provider?.close();
});
beforeEach(() => {
  provider.reset();
  provider.models = ["m"];
  return async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  };
});

/** How a caller of one dialect asks, and what its SDK takes for an error. */
interface Caller {
  path: string;
  headers: Record<string, string>;
  expectShape(response: RawResponse, code: ErrorCode): void;
}

const text = expect.stringMatching(/^\S.*\S$/);
const openaiTypes = ["invalid_request_error", "authentication_error", "permission_error", "rate_limit_error", "api_error"];
const anthropicTypes = [...openaiTypes, "not_found_error", "request_too_large", "timeout_error", "overloaded_error"];

const openai: Caller = {
  path: "/v1/chat/completions",
  headers: {},
  expectShape({ json }, code) {
    const { type, param } = json.error;
    expect(json).toEqual({ error: { message: text, type, param, code } });
    expect(openaiTypes).toContain(type);
    expect([null, "model", "x-headgate-timeout", "previous_response_id", "from"]).toContain(param);
  },
};

const anthropic: Caller = {
  path: "/v1/messages",
  headers: { "anthropic-version": "2023-06-01" },
  expectShape({ json, headers }) {
    const { type } = json.error;
    expect(json).toEqual({ type: "error", error: { type, message: text }, request_id: headers["x-request-id"] });
    expect(anthropicTypes).toContain(type);
  },
};

function asked(caller: Caller, request: Partial<RawRequest> & { token?: string | null } = {}): RawRequest {
  const { token = key, headers, ...rest } = request;
  const credential: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const all = { ...credential, ...caller.headers, ...(headers as Record<string, string> | undefined) };
  const body = { model: "m", max_tokens: 10, messages: [{ role: "user", content: "hi" }] };
  return { method: "POST", target: caller.path, body, ...rest, headers: all };
}

function ask(caller: Caller, request: Parameters<typeof asked>[1] = {}, url = headgate.url): Promise<RawResponse> {
  return rawRequest(url, asked(caller, request));
}

async function bareGateway(options: Parameters<typeof startBareGateway>[0]): Promise<BareGateway> {
  const gateway = await startBareGateway(options);
  cleanUps.push(() => gateway.stop());
  return gateway;
}

async function bareGatewayOver(content: SnapshotContent): Promise<BareGateway> {
  const snapshots = new SnapshotHolder(() => {});
  snapshots.replace(content);
  return bareGateway({ snapshots });
}

/** Asks for a model whose only deployment is offline for this reason. */
async function askOffline(caller: Caller, reason: string): Promise<RawResponse> {
  const models = [modelOf({ deployments: [targetOf({ status: "offline", reason })] })];
  const { url } = await bareGatewayOver({ ...snapshotWithKey(seededKey, [endpointOf()]), models });
  return ask(caller, { token: seededKey }, url);
}

/** Sends a request and leaves the connection to the test. */
async function send(url: string, request: RawRequest): Promise<RawConnection> {
  const connection = await rawConnect(url);
  cleanUps.push(() => connection.destroy());
  connection.send(rawRequestBytes(url, request));
  return connection;
}

type Surface = "gateway" | "admin";
type CodesOf<S extends Surface> = {
  [C in ErrorCode]: (typeof errorCatalogue)[C]["surface"] extends S | "both" ? C : never;
}[ErrorCode];

/** What brings each code about for callers of models. */
const provocations: Record<CodesOf<"gateway">, (caller: Caller) => Promise<RawResponse>> = {
  missing_key: (caller) => ask(caller, { token: null }),
  invalid_key: (caller) => ask(caller, { token: `${key}x` }),
  key_expired: (caller) => ask(caller, { token: expiredKey }),
  not_allowed: (caller) => ask(caller, { target: "/v1/files" }),
  not_found: (caller) => ask(caller, { target: "/nowhere" }),
  method_not_allowed: (caller) => ask(caller, { target: "/readyz" }),
  model_not_found: (caller) => ask(caller, { body: { model: "unheard-of" } }),
  model_offline: (caller) => ask(caller, { body: { model: "fleeting" } }),
  response_not_found: (caller) => ask(caller, { body: { model: "m", previous_response_id: "resp_unheard_of" } }),
  async state_unavailable(caller) {
    const snapshots = new SnapshotHolder(() => {});
    snapshots.replace(snapshotWithKey(seededKey));
    const responses = { find: () => Promise.reject(new Error(privateDetail)), forget: async () => {} };
    const { url } = await bareGateway({ snapshots, responses });
    return ask(caller, { token: seededKey, method: "GET", target: "/v1/responses/resp_1", body: undefined }, url);
  },
  async auth_unavailable(caller) {
    const snapshots = new SnapshotHolder(() => {});
    snapshots.replace(contentOf());
    const verify = async () => ({ kind: "unavailable" as const, detail: privateDetail });
    const source = { mayKnow: () => true, verify, seen() {} };
    const { url } = await bareGateway({
      snapshots,
      identity: { source, trustedProxies: [], proxyHeader: null, defaultLimits: noLimits },
    });
    return ask(caller, { token: "a-token-of-somebody" }, url);
  },
  model_maintenance: (caller) => askOffline(caller, inMaintenance),
  endpoint_misconfigured: (caller) => askOffline(caller, withoutToken),
  async manifest_unavailable(caller) {
    const manifests = [{ id: "mft_1", name: "metis", hasLoaded: false, entries: [] }];
    const { url } = await bareGatewayOver({ ...snapshotWithKey(seededKey), manifests });
    return ask(caller, { token: seededKey }, url);
  },
  async rate_limit_exceeded(caller) {
    const limited = await headgate.createKey({ limits: { requests_per_minute: 1 } });
    await ask(caller, { token: limited });
    return ask(caller, { token: limited });
  },
  async concurrency_limit_exceeded(caller) {
    const limited = await headgate.createKey({ limits: { concurrent_requests: 1 } });
    provider.next({ kind: "hang", at: "before_headers" });
    await send(headgate.url, asked(caller, { token: limited }));
    await provider.waitForRequest();
    return ask(caller, { token: limited });
  },
  async insufficient_quota(caller) {
    await headgate.admin("PUT", "/prices/m", { input_usd_per_million: 1, output_usd_per_million: 1 });
    const limited = await headgate.createKey({ limits: { budget_usd: 0 } });
    return ask(caller, { token: limited });
  },
  async unpriced_model(caller) {
    await headgate.admin("DELETE", "/prices/m");
    const limited = await headgate.createKey({ limits: { budget_usd: 1 } });
    return ask(caller, { token: limited });
  },
  invalid_json: (caller) => ask(caller, { body: '{"model": "m", oops}' }),
  model_required: (caller) => ask(caller, { body: { messages: [] } }),
  duplicate_model: (caller) => ask(caller, { body: '{"model": "m", "model": "n"}' }),
  invalid_path: (caller) => ask(caller, { target: "/v1/%2e%2e/admin" }),
  invalid_header: (caller) => ask(caller, { headers: { "x-headgate-timeout": "soon" } }),
  invalid_query: (caller) => ask(caller, { method: "GET", target: "/v1/usage?from=yesterday", body: undefined }),
  body_too_large: (caller) => ask(caller, { body: { model: "m", messages: "x".repeat(bodyLimitBytes) } }),
  unsupported_encoding: (caller) => ask(caller, { headers: { "content-encoding": "gzip" } }),
  upgrade_not_supported: (caller) => ask(caller, { headers: { connection: "Upgrade", upgrade: "websocket" } }),
  upstream_unreachable: (caller) => ask(caller, { body: { model: "gone" } }),
  upstream_timeout(caller) {
    provider.next({ kind: "hang", at: "before_headers" });
    return ask(caller, { body: { model: "hasty" } });
  },
  upstream_interrupted(caller) {
    provider.next({ kind: "reset", at: "after_headers" });
    return ask(caller);
  },
  async body_timeout(caller) {
    const snapshots = new SnapshotHolder(() => {});
    snapshots.replace(snapshotWithKey(seededKey));
    const { url } = await bareGateway({ snapshots, requestTimeoutMs: 400 });
    const request = asked(caller, { token: seededKey, body: '{"model"', headers: { "content-length": "100" } });
    const connection = await send(url, request);
    return (await connection.response({ method: "POST" })).done();
  },
  async overloaded(caller) {
    const half = "x".repeat(bodyLimitBytes / 2);
    await send(
      headgate.url,
      asked(caller, { body: `{"messages": "${half}`, headers: { "content-length": `${bodyLimitBytes}` } }),
    );
    // When that half body has been taken in shows in nothing but the refusal of another one.
    return headgate.eventually(async () => {
      const response = await ask(caller, { body: { model: "unheard-of", messages: half } });
      return response.status !== 404 && response;
    });
  },
  async draining(caller) {
    const leaving = await startHeadgate({ config: { keys: [{ name: "caller", key: seededKey }] } });
    cleanUps.push(() => leaving.stop());
    await leaving.addEndpoint({ name: "prod", url: `${provider.url}/v1`, models: ["m"], sync: false });
    provider.next({ kind: "hang", at: "before_headers" });
    await send(leaving.url, asked(caller, { token: seededKey }));
    await provider.waitForRequest();
    void leaving.app.drain();
    // Where there are workers, it takes them a moment to hear of it.
    return leaving.eventually(async () => {
      const answer = await ask(caller, { token: seededKey }, leaving.url);
      return answer.status !== 200 && answer;
    });
  },
  async starting(caller) {
    const { url } = await bareGateway({ snapshots: new SnapshotHolder(() => {}) });
    return ask(caller, {}, url);
  },
  async accounting_unavailable(caller) {
    const home = await createHome();
    cleanUps.push(() => home.remove());
    const endpoints = [{ name: "prod", url: `${provider.url}/v1`, models: ["m"] }];
    const full = await startHeadgateProcess({ home, config: { endpoints, keys: [{ name: "caller", key: seededKey }] } });
    cleanUps.push(() => full.kill());
    // No file of that process grows any more: what a full disk looks like, for root too.
    for (const pid of full.pids) execFileSync("prlimit", ["--pid", String(pid), "--fsize=0:unlimited"]);
    return ask(caller, { token: seededKey }, full.url);
  },
  async internal_error(caller) {
    const snapshot = {
      principal() {
        throw new Error(privateDetail);
      },
    };
    const { url } = await bareGateway({ snapshots: { current: () => snapshot as unknown as Snapshot } });
    return ask(caller, {}, url);
  },
};

/** Asks the admin API, by default as an administrator. */
function administer(method: string, path: string, request: Partial<RawRequest> & { token?: string | null } = {}) {
  const { token = testAdminToken, headers, ...rest } = request;
  const credential: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const all = { ...credential, ...(headers as Record<string, string> | undefined) };
  return rawRequest(headgate.url, { method, target: `/admin/api/v1${path}`, headers: all, ...rest });
}

async function startHeadgateForSetup(): Promise<{ setupLink: string }> {
  const fresh = await startHeadgate();
  cleanUps.push(() => fresh.stop());
  return { setupLink: fresh.setupLink as string };
}

/** Signs in with an account that there is not. */
function signIn(headers: Record<string, string> = {}) {
  const body = { email: "nobody@example.test", password: "a password of nobody" };
  return administer("POST", "/sessions", { token: null, headers: { "content-type": "application/json", ...headers }, body });
}

async function askForEvents(events: EventHub): Promise<RawResponse> {
  const api = await startAdminApi({ events });
  cleanUps.push(() => api.close());
  return rawRequest(api.url, { target: "/admin/api/v1/events", headers: { authorization: `Bearer ${tokenOfApiUnderTest}` } });
}

/** What brings each code about in the admin API. */
const adminProvocations: Record<CodesOf<"admin">, () => Promise<RawResponse>> = {
  draining() {
    const events = new EventHub({ clock: systemClock });
    events.close();
    return askForEvents(events);
  },
  too_many_streams: () => askForEvents(new EventHub({ clock: systemClock, perOwnerMax: 0 })),
  missing_key: () => administer("GET", "/endpoints", { token: null }),
  invalid_key: () => administer("GET", "/endpoints", { token: `${key}x` }),
  key_expired: () => administer("GET", "/endpoints", { token: expiredKey }),
  not_allowed: () => administer("GET", "/endpoints", { token: key }),
  not_found: () => administer("GET", "/endpoints/ep_unknown"),
  method_not_allowed: () => administer("PUT", "/endpoints"),
  invalid_json: () => administer("POST", "/keys", { body: '{"name": oops}' }),
  body_too_large: () => administer("POST", "/keys", { body: { name: "x".repeat(4 * 1024 * 1024) } }),
  invalid_field: () => administer("POST", "/keys", { body: { name: "n", scopes: ["everything"] } }),
  name_conflict: () => administer("POST", "/endpoints", { body: { name: "prod", url: provider.url } }),
  alias_conflict() {
    const models = ["a", "b", "c"];
    const body = { name: "colliding", url: provider.url, models, aliases: { a: "c", b: "c" }, sync: false };
    return administer("POST", "/endpoints", { body });
  },
  async stale() {
    const { body } = await headgate.admin("GET", "/endpoints");
    return administer("PATCH", `/endpoints/${body.data[0].id}`, { body: { weight: 2 }, headers: { "if-match": '"0"' } });
  },
  invalid_credentials: () => signIn(),
  /** A group's manager who tries addresses: unlike passwords, these are looked at quickly. */
  async rate_limit_exceeded() {
    const { body: manager } = await headgate.admin("POST", "/users", { name: "Manager", role: "group_manager" });
    const { body: group } = await headgate.admin("POST", "/groups", { name: "managed" });
    await headgate.admin("PUT", `/groups/${group.id}/members/${manager.id}`);
    const token = await headgate.createKey({ user_id: manager.id, scopes: ["admin"] });
    const add = () => administer("POST", `/groups/${group.id}/members`, { token, body: { email: "somebody@example.test" } });
    const tries = await Promise.all(Array.from({ length: 21 }, add));
    return tries.find(({ status }) => status === 429) as RawResponse;
  },
  foreign_origin: () => signIn({ origin: "https://elsewhere.test" }),
  link_not_valid() {
    const headers = { "content-type": "application/json" };
    const body = { secret: "canary-secret", password: "canary password" };
    return administer("POST", "/password", { token: null, headers, body });
  },
  session_ended: () => administer("GET", "/keys", { token: null, headers: { cookie: "headgate_session=canary" } }),
  async csrf_required() {
    const { setupLink } = await startHeadgateForSetup();
    const { origin, hash } = new URL(setupLink);
    const account = { name: "Ada", email: "ada@example.test", password: "a password of the tests" };
    const made = await fetch(`${origin}/admin/api/v1/setup`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...account, secret: hash.slice(1) }),
    });
    const cookie = made.headers.getSetCookie()[0]?.split(";")[0] as string;
    return rawRequest(origin, { method: "POST", target: "/admin/api/v1/keys", headers: { cookie }, body: { name: "n" } });
  },
  async database_unavailable() {
    cleanUps.push(await lockSqlite(join(headgate.dataDir, "headgate.db")));
    return administer("POST", "/keys", { body: { name: "late" } });
  },
  async control_unavailable() {
    const forward = new ForwardToControl({ path: join(headgate.dataDir, "nobody.sock"), hasSnapshot: () => true });
    const server = createServer((req, res) => forward.handle(req, res)).listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanUps.push(async () => server.close());
    const { port } = server.address() as AddressInfo;
    return rawRequest(`http://127.0.0.1:${port}`, { target: "/admin/api/v1/keys" });
  },
  async internal_error() {
    const system = () => {
      throw new Error(privateDetail);
    };
    const api = await startAdminApi({ system, authenticate: () => ({ kind: "admin", keyId: null }) });
    cleanUps.push(() => api.close());
    return rawRequest(api.url, { target: "/admin/api/v1/system", headers: { authorization: "Bearer any" } });
  },
};

/** Codes that tell the caller when to come back. */
const withRetryAfter: readonly ErrorCode[] = [
  "auth_unavailable",
  "model_offline",
  "model_maintenance",
  "endpoint_misconfigured",
  "manifest_unavailable",
  "rate_limit_exceeded",
  "concurrency_limit_exceeded",
  "state_unavailable",
  "accounting_unavailable",
  "overloaded",
  "too_many_streams",
  "draining",
  "starting",
  "control_unavailable",
  "database_unavailable",
];

const methods: Record<Surface, string[]> = { gateway: ["GET", "HEAD"], admin: ["GET", "POST"] };

function expectError(response: RawResponse, code: ErrorCode, surface: Surface): void {
  const { headers } = response;
  expect([response.status, response.ended]).toEqual([errorCatalogue[code].status, "complete"]);
  expect(headers["content-type"]).toMatch(/^application\/json\b/);
  expect(headers["x-request-id"]).toMatch(/^req_\w+$/);
  expect(headers["www-authenticate"]).toBe(response.status === 401 ? "Bearer" : undefined);
  expect(headers.allow?.split(", ").sort()).toEqual(response.status === 405 ? methods[surface] : undefined);
  if (withRetryAfter.includes(code)) expect(headers["retry-after"]).toMatch(/^[1-9]\d*$/);
  else expect(headers["retry-after"]).toBeUndefined();
  for (const secret of ["canary", key, expiredKey, testAdminToken, provider.url, new URL(provider.url).host, headgate.dataDir]) {
    expect(response.text).not.toContain(secret);
  }
  expect(response.text).not.toMatch(/\bat .*\.[jt]s\b|node:|10\.1\.2\.3/);
}

const gatewayCodes = Object.keys(provocations) as CodesOf<"gateway">[];
const adminCodes = Object.keys(adminProvocations) as CodesOf<"admin">[];

describe.each([
  ["OpenAI's", openai],
  ["Anthropic's", anthropic],
])("callers of models, in %s shape", (_name, caller) => {
  test.each(gatewayCodes)("%s", async (code) => {
    const response = await provocations[code](caller);
    expectError(response, code, "gateway");
    expect(response.headers["x-headgate-error-source"]).toBe("gateway");
    expect(response.headers["x-headgate-error-code"]).toBe(code);
    // Paths of health and metrics are no dialect's: errors there have OpenAI's shape.
    (code === "method_not_allowed" ? openai : caller).expectShape(response, code);
  });
});

describe("the admin API", () => {
  test.each(adminCodes)("%s", async (code) => {
    const response = await adminProvocations[code]();
    expectError(response, code, "admin");
    const { error, ...rest } = response.json;
    expect(rest).toEqual({});
    expect(error).toMatchObject({ code, message: text });
    expect(["code", "message", "field", "conflicts"]).toEqual(expect.arrayContaining(Object.keys(error)));
    if (code === "invalid_field") expect(error.field).toBe("scopes.0");
    if (code === "alias_conflict") expect(error.conflicts.length).toBeGreaterThan(1);
  });
});

describe("once an answer has begun, no error is written into it: the connection ends", () => {
  const dripping = { kind: "answer", chunks: Array(2000).fill("drop;"), everyMs: 20 } as const;

  async function beginUpload(requestTimeoutMs?: number, contentLength = "100"): Promise<[RawConnection, RawResponse]> {
    const snapshots = new SnapshotHolder(() => {});
    snapshots.replace(snapshotWithKey(seededKey, [endpointAt(`${provider.url}/v1`)]));
    const { url } = await bareGateway({ snapshots, ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }) });
    provider.next(dripping, { early: true });
    const headers = { "content-type": "application/octet-stream", "content-length": contentLength };
    const request = asked(openai, { token: seededKey, target: "/endpoints/prod/v1/files", body: "bytes", headers });
    const connection = await send(url, request);
    const response = await connection.response({ method: "POST" });
    await response.untilBody("drop;");
    return [connection, response];
  }

  test("when the rest of the body does not come in time", async () => {
    const [, response] = await beginUpload(1500);
    await response.done();
    expect([response.status, response.ended]).toEqual([200, "cut"]);
    expect(response.text).toMatch(/^(drop;)+$/);
  });

  test("when what follows is no HTTP", async () => {
    const [connection, response] = await beginUpload(undefined, "5");
    connection.send("neither GET nor POST\r\n\r\n");
    await response.done();
    expect([response.status, response.ended]).toEqual([200, "cut"]);
    expect(response.text).toMatch(/^(drop;)+$/);
  });
});

test("what is no HTTP at all is told so, in JSON", async () => {
  const connection = await rawConnect(headgate.url);
  cleanUps.push(() => connection.destroy());
  connection.send("neither GET nor POST\r\n\r\n");
  const response = await (await connection.response()).done();
  expectError(response, "invalid_header", "gateway");
  openai.expectShape(response, "invalid_header");
});

test("every code of the catalogue is provoked here, wherever it can be seen", () => {
  const codes = Object.entries(errorCatalogue);
  const seenIn = (surface: Surface) =>
    codes.filter(([, entry]) => [surface, "both"].includes(entry.surface)).map(([code]) => code);
  expect([...gatewayCodes].sort()).toEqual(seenIn("gateway").sort());
  expect([...adminCodes].sort()).toEqual(seenIn("admin").sort());
});
