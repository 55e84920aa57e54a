// Calls from pages, over real sockets: the data plane's pipeline for whoever is signed in, within what they may do, and nothing of their session upstream.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Canaries } from "../support/canaries.ts";
import { type Headgate, startHeadgate } from "../support/headgate.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { rawConnect, rawRequest, rawRequestBytes } from "../support/raw-http.ts";
import { type SignedIn, signIn } from "../support/signed-in.ts";

const mount = "/admin/api/v1/playground";
const chatPath = `${mount}/v1/chat/completions`;

let provider: Provider;
let headgate: Headgate;
let member: SignedIn;
const canaries = new Canaries();

beforeAll(async () => {
  provider = await startProvider();
  headgate = await startHeadgate();
  await headgate.addEndpoint({
    name: "prod",
    url: `${provider.url}/v1`,
    api_key: "provider-key-0123456789",
    sync: false,
    sync_interval: 0,
    models: ["m", "restricted"],
  });
  const models = (await headgate.admin("GET", "/models")).body.data as { id: string; name: string }[];
  const restricted = models.find(({ name }) => name === "restricted");
  await headgate.admin("POST", "/groups", { name: "physics" });
  await headgate.admin("PATCH", `/models/${restricted?.id}`, { groups: ["physics"] });
  member = await signIn(headgate);
});
afterAll(async () => {
  await headgate?.stop();
  await provider?.close();
});
beforeEach(() => provider.reset());

const chat = (more: object = {}) => ({ model: "m", messages: [{ role: "user", content: "hi" }], ...more });

function ask(headers: Record<string, string>, body: object = chat(), target = chatPath) {
  return rawRequest(headgate.url, { method: "POST", target, headers, body });
}

function ledgerRow(requestId: string | undefined) {
  return headgate.eventually(async () => {
    const { status, body } = await headgate.admin("GET", `/requests/${requestId}`);
    return status === 200 && body.state !== "in_progress" && body;
  });
}

describe("a call of somebody who is signed in", () => {
  test("goes to the model, and is booked on the user, without a key", async () => {
    const response = await ask(member.headers);
    expect(response.status).toBe(200);
    expect(response.json.choices[0].message.content).toBe("Hello from the scripted provider.");
    expect(response.headers).toMatchObject({
      "x-headgate-model": "m",
      "x-headgate-endpoint": "prod",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    const row = await ledgerRow(response.headers["x-request-id"]);
    expect(row).toMatchObject({ model: "m", path: "/v1/chat/completions", user: member.id, key: null });
    expect(provider.take().json).toMatchObject({ model: "m", messages: [{ role: "user", content: "hi" }] });
  });

  test("streams, as the pieces come", async () => {
    provider.next({ kind: "stall", afterChunks: 2 });
    const connection = await rawConnect(headgate.url);
    const request = { method: "POST", target: chatPath, headers: member.headers, body: chat({ stream: true }) };
    connection.send(rawRequestBytes(headgate.url, request));
    const response = await connection.response({ method: "POST" });
    await response.until(() => response.chunks.length > 0, 5000, "the first piece");
    expect(response.headers["content-type"]).toMatch(/^text\/event-stream/);
    expect(response.ended).not.toBe("complete");
    await connection.destroy();

    const whole = await ask(member.headers, chat({ stream: true }));
    expect([whole.status, whole.text.trimEnd().endsWith("data: [DONE]")]).toEqual([200, true]);
    const row = await ledgerRow(whole.headers["x-request-id"]);
    expect(row).toMatchObject({ user: member.id, key: null, tokens: { input_tokens: 11, output_tokens: 7 } });
  });

  test("that the page cancels ends at the provider as well", async () => {
    provider.next({ kind: "stall", afterChunks: 1 });
    const connection = await rawConnect(headgate.url);
    const request = { method: "POST", target: chatPath, headers: member.headers, body: chat({ stream: true }) };
    connection.send(rawRequestBytes(headgate.url, request));
    const response = await connection.response({ method: "POST" });
    await response.until(() => response.chunks.length > 0, 5000, "the first piece");
    const upstream = await provider.waitForRequest();
    await connection.destroy();
    await upstream.finished;
    const row = await ledgerRow(response.headers["x-request-id"]);
    expect(row).toMatchObject({ user: member.id, error: "client_disconnected" });
  });

  test.each([
    ["/v1/messages", { max_tokens: 10 }, { "anthropic-version": "2023-06-01" }],
    ["/v1/responses", { input: "hi" }, {}],
    ["/v1/embeddings", { input: "hi" }, {}],
  ])("%s works as well", async (path, more, headers) => {
    const response = await ask({ ...member.headers, ...headers }, chat(more), mount + path);
    expect(response.status).toBe(200);
    expect(provider.take().path).toBe(path);
  });

  test("with a key of the scope `admin` counts as the key's user's, and not as the key's", async () => {
    const key = await headgate.createKey({ user_id: member.id, scopes: ["admin"] });
    const response = await ask({ authorization: `Bearer ${key}` });
    expect(response.status).toBe(200);
    const row = await ledgerRow(response.headers["x-request-id"]);
    expect(row).toMatchObject({ user: member.id, key: null });
  });

  test("is paid by the user's primary group", async () => {
    const group = (await headgate.admin("POST", "/groups", { name: "chemistry" })).body;
    const payer = await signIn(headgate);
    await headgate.admin("PUT", `/groups/${group.id}/members/${payer.id}`);
    await headgate.admin("PATCH", `/users/${payer.id}`, { primary_group_id: group.id });
    const response = await ask(payer.headers);
    expect(await ledgerRow(response.headers["x-request-id"])).toMatchObject({ group: group.id });
  });
});

describe("the models", () => {
  const models = async ({ headers: { cookie } }: SignedIn) =>
    rawRequest(headgate.url, { target: `${mount}/v1/models`, headers: { cookie } });

  test("are those that the user may use, and reading them takes no token against forgery", async () => {
    const response = await models(member);
    expect([response.status, response.json.data.map(({ id }: { id: string }) => id)]).toEqual([200, ["m"]]);
    const one = await rawRequest(headgate.url, { target: `${mount}/v1/models/m`, headers: member.headers });
    expect([one.status, one.json.id]).toEqual([200, "m"]);
    const hidden = await rawRequest(headgate.url, { target: `${mount}/v1/models/restricted`, headers: member.headers });
    expect([hidden.status, hidden.json.error.code]).toEqual([404, "model_not_found"]);
  });

  test("follow the user's groups, and so do calls", async () => {
    const physicist = await signIn(headgate);
    expect((await ask(physicist.headers, chat({ model: "restricted" }))).json.error.code).toBe("model_not_found");
    const groups = (await headgate.admin("GET", "/groups")).body.data as { id: string; name: string }[];
    const physics = groups.find(({ name }) => name === "physics")?.id;
    await headgate.admin("PUT", `/groups/${physics}/members/${physicist.id}`);
    expect((await models(physicist)).json.data).toHaveLength(2);
    expect((await ask(physicist.headers, chat({ model: "restricted" }))).status).toBe(200);
  });
});

describe("limits", () => {
  test("of the user apply, and are those that their tokens and keys draw on too", async () => {
    const limited = await signIn(headgate, { limits: { requests_per_minute: 2 } });
    const key = await headgate.createKey({ user_id: limited.id });
    expect((await ask(limited.headers)).status).toBe(200);
    const withKey = await ask({ authorization: `Bearer ${key}` }, chat(), "/v1/chat/completions");
    expect(withKey.status).toBe(200);
    const refused = await ask(limited.headers);
    expect([refused.status, refused.json.error.code]).toEqual([429, "rate_limit_exceeded"]);
    expect(refused.headers["retry-after"]).toMatch(/^[1-9]/);
    expect(refused.json.error.message).toMatch(/^This user is limited to 2 requests a minute/);
  });
});

describe("nothing of the session goes upstream", () => {
  test.each([false, true])("neither cookie nor token nor where the page is (stream: %s)", async (stream) => {
    canaries.watch("cookie", member.secret);
    canaries.watch("token", member.csrfToken);
    const stray = canaries.create("stray");
    const response = await ask(
      {
        ...member.headers,
        cookie: `other=${stray}; ${member.headers.cookie}`,
        "x-api-key": "",
        origin: headgate.url,
        referer: `${headgate.url}/dashboard/playground?${stray}`,
        "sec-fetch-site": "same-origin",
        "accept-language": "de",
        "x-anything": stray,
        accept: "text/event-stream",
      },
      chat({ stream }),
    );
    expect(response.status).toBe(200);
    const sent = provider.take();
    expect(canaries.foundIn(JSON.stringify([sent.headers, sent.path, sent.json]))).toEqual([]);
    expect(sent.credential).toBe("provider-key-0123456789");
    expect(Object.keys(sent.headers).sort()).toEqual(
      ["accept", "accept-encoding", "authorization", "content-length", "content-type", "host"].sort(),
    );
    expect(canaries.foundIn(headgate.logText())).toEqual([]);
  });

  test("nor does a key that the call came with", async () => {
    const key = await headgate.createKey({ user_id: member.id, scopes: ["admin"] });
    canaries.watch("key", key);
    for (const headers of [{ authorization: `Bearer ${key}` }, { "x-api-key": key }] as Record<string, string>[]) {
      expect((await ask(headers)).status).toBe(200);
      expect(canaries.foundIn(JSON.stringify(provider.take().headers))).toEqual([]);
    }
  });

  test("and an endpoint sets nothing in the browser for this site", async () => {
    const headers = {
      "set-cookie": "headgate_session=theirs; Path=/",
      "clear-site-data": '"cookies"',
      "strict-transport-security": "max-age=31536000",
      nel: '{"report_to":"x","max_age":1}',
      "report-to": "{}",
      "access-control-allow-origin": "*",
    };
    provider.next({ kind: "headers", headers });
    const response = await ask(member.headers);
    for (const name of Object.keys(headers)) expect([name, response.headers[name]]).toEqual([name, undefined]);
  });
});

describe("who may not", () => {
  const codeOf = async (headers: Record<string, string>) => {
    const response = await ask(headers);
    expect(provider.calls).toEqual([]);
    return [response.status, response.json.error.code, response.json.error.message];
  };

  test("nobody", async () => {
    expect(await codeOf({})).toEqual([401, "missing_key", expect.any(String)]);
    expect(await codeOf({ cookie: "headgate_session=nothing" })).toEqual([401, "session_ended", expect.any(String)]);
  });

  test("a page of another site, which can't know the token", async () => {
    const { cookie } = member.headers;
    expect(await codeOf({ cookie })).toEqual([403, "csrf_required", expect.any(String)]);
    expect(await codeOf({ cookie, "x-csrf-token": "guessed" })).toEqual([403, "csrf_required", expect.any(String)]);
  });

  test("an auditor", async () => {
    const auditor = await signIn(headgate, { role: "auditor" });
    const message = expect.stringContaining("The role 'auditor' does not allow this (playground)");
    expect(await codeOf(auditor.headers)).toEqual([403, "not_allowed", message]);
    const models = await rawRequest(headgate.url, { target: `${mount}/v1/models`, headers: auditor.headers });
    expect(models.status).toBe(403);
  });

  test("whoever acts for the installation and for no user", async () => {
    const message = expect.stringMatching(/as a user/);
    expect(await codeOf({ authorization: `Bearer ${headgate.adminToken}` })).toEqual([403, "not_allowed", message]);
    const key = await headgate.createKey({ scopes: ["admin"] });
    expect(await codeOf({ authorization: `Bearer ${key}` })).toEqual([403, "not_allowed", message]);
  });

  test("a key without the scope `admin`, or one of a user who is disabled", async () => {
    const inference = await headgate.createKey({ user_id: member.id });
    expect((await codeOf({ authorization: `Bearer ${inference}` }))[0]).toBe(403);
    const disabled = await signIn(headgate);
    const key = await headgate.createKey({ user_id: disabled.id, scopes: ["admin"] });
    await headgate.admin("PATCH", `/users/${disabled.id}`, { disabled: true });
    expect((await codeOf(disabled.headers))[0]).toBe(401);
    expect((await codeOf({ authorization: `Bearer ${key}` }))[0]).toBe(401);
  });

  test("a session outside the playground: cookies are nothing to the data plane itself", async () => {
    const response = await ask(member.headers, chat(), "/v1/chat/completions");
    expect([response.status, response.json.error.code]).toEqual([401, "missing_key"]);
  });
});

describe("paths", () => {
  const post = (target: string, method = "POST") =>
    rawRequest(headgate.url, { method, target, headers: member.headers, ...(method === "POST" && { body: chat() }) });

  test.each([
    "/v1/files",
    "/v1/batches",
    "/v1/messages/batches",
    "/v1/fine_tuning/jobs",
    "/v1/responses/resp_1/cancel",
    "/v1/endpoints/prod/v1/chat/completions",
    "/v1/images/generations",
  ])("%s is not the playground's", async (path) => {
    const response = await post(mount + path);
    expect([response.status, response.headers["x-headgate-error-code"]]).toEqual([403, "not_allowed"]);
    expect(provider.calls).toEqual([]);
  });

  test.each([
    `${mount}/v1/../../keys`,
    `${mount}/v1/../../../../../v1/chat/completions`,
    `${mount}/v1/..%2f..%2fkeys`,
    `${mount}/v1/%2e%2e/endpoints/prod/v1/chat/completions`,
    `${mount}/v1//chat/completions`,
    `${mount}/v1/chat\\completions`,
    `${mount}/../endpoints/prod/v1/chat/completions`,
    `${mount}/endpoints/prod/v1/chat/completions`,
    `${mount}/v1beta/models/m:generateContent`,
    `${mount}/resource_server/metis/api/v1/chat/completions`,
    `/admin/api/v1/%70layground/v1/chat/completions`,
    `${mount}/%76%31/chat/completions`,
    `${mount}/v1`,
    `${mount}`,
  ])("%s leads nowhere", async (target) => {
    const response = await post(target);
    expect([400, 404, 405]).toContain(response.status);
    expect(provider.calls).toEqual([]);
  });

  test.each([
    ["HEAD", `${mount}/v1/models`, 405],
    ["OPTIONS", `${mount}/v1/models`, 405],
    ["OPTIONS", chatPath, 405],
    ["GET", chatPath, 405],
    ["PUT", chatPath, 405],
    ["DELETE", `${mount}/v1/models/m`, 405],
    ["TRACE", chatPath, 405],
  ])("%s %s: %i", async (method, target, status) => {
    expect((await post(target, method)).status).toBe(status);
    expect(provider.calls).toEqual([]);
  });
});

describe("errors are in the dialect of the path", () => {
  test("the gateway's own", async () => {
    const openai = await ask(member.headers, chat({ model: "unheard-of" }));
    expect(openai.json).toEqual({
      error: { code: "model_not_found", message: expect.any(String), type: "invalid_request_error", param: "model" },
    });
    expect(openai.headers["x-headgate-error-source"]).toBe("gateway");
    const anthropic = await ask(member.headers, chat({ model: "unheard-of" }), `${mount}/v1/messages`);
    expect(anthropic.json).toMatchObject({ type: "error", error: { type: "not_found_error", message: expect.any(String) } });
  });

  test("and those about who asks", async () => {
    const { cookie } = member.headers;
    const openai = await ask({ cookie });
    expect(openai.json.error).toMatchObject({ code: "csrf_required", type: "permission_error", param: null });
    const anthropic = await ask({ cookie }, chat(), `${mount}/v1/messages`);
    expect(anthropic.json).toMatchObject({ type: "error", error: { type: "permission_error" } });
    expect(anthropic.headers["x-headgate-error-code"]).toBe("csrf_required");
    expect((await ask({})).headers["www-authenticate"]).toBe("Bearer");
  });
});

test("a body may be as large as callers' with a key may", async () => {
  const content = "x".repeat(6 * 1024 * 1024);
  const response = await ask(member.headers, chat({ messages: [{ role: "user", content }] }));
  expect(response.status).toBe(200);
});
