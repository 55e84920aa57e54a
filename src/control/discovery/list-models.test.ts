// Listing an endpoint's models: every shape and paging that providers use, every way to fail, on real sockets.
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Provider, startProvider } from "../../../test/support/provider.ts";
import { selfSignedCertificate, selfSignedKey } from "../../../test/support/self-signed-certificate.ts";
import { Secret } from "../../core/secret.ts";
import type { ListOptions } from "./list-connection.ts";
import { listModels } from "./list-models.ts";
import type { ListTarget } from "./list-target.ts";
import type { Listing } from "./listing.ts";
import { validateEndpoint } from "./validate-endpoint.ts";

const canary = "sk-provider-canary";
const anyPath = () => true;
let provider: Provider;

beforeAll(async () => {
  provider = await startProvider();
});
afterEach(() => provider.reset());
afterAll(() => provider.close());

function target(changes: Partial<ListTarget> = {}): ListTarget {
  return {
    url: `${provider.url}/v1`,
    baseUrl: null,
    dialect: "openai",
    credential: new Secret(canary),
    authHeaderName: null,
    authHeaderPrefix: null,
    headers: {},
    query: {},
    connectTimeoutMs: 5000,
    ...changes,
  };
}

async function list(changes: Partial<ListTarget> = {}, options: Partial<ListOptions> = {}) {
  const listing = await listModels(target(changes), { timeoutMs: 5000, ...options });
  expect(JSON.stringify(listing)).not.toContain(canary);
  return listing;
}

async function ids(changes: Partial<ListTarget> = {}): Promise<string[]> {
  const listing = await list(changes);
  expect(listing).toMatchObject({ ok: true });
  return (listing as Listing).models.map(({ id }) => id);
}

/** Answers everything with `body` as JSON (text as it is). */
function answer(body: unknown, status = 200, headers: Record<string, string> = {}): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  provider.on(anyPath, () => ({ kind: "answer", status, body: text, headers }));
}

describe("shapes", () => {
  test.each([
    ["OpenAI's", { object: "list", data: [{ id: "a", object: "model", created: 1, owned_by: "x" }, { id: "b" }] }],
    ["a bare array of objects", [{ id: "a", extra: { deep: [1] } }, { id: "b" }]],
    ["a bare array of names", ["a", "b"]],
    ["Ollama's", { models: [{ name: "a", model: "a" }, { name: "b" }] }],
    ["Gemini's", { models: [{ name: "models/a", supportedGenerationMethods: ["generateContent"] }, { name: "models/b" }] }],
    ["repeated entries", { data: [{ id: "a" }, { id: "b" }, { id: "a" }] }],
    ["entries that name nothing, beside others", { data: [{ id: "a" }, { object: "model" }, null, 7, { id: "b" }] }],
  ])("%s", async (_name, body) => {
    answer(body);
    expect(await ids()).toEqual(["a", "b"]);
  });

  test.each([[[]], [{ data: [] }], [{ models: [] }], [{ object: "list", data: null }]])("%j is an empty list", async (body) => {
    answer(body);
    expect(await ids()).toEqual([]);
  });

  test("ids that can't be model names are left out and reported", async () => {
    answer({ data: [{ id: "good" }, { id: "with\nnewline" }, { id: "" }, { id: "x".repeat(300) }] });
    const listing = (await list()) as Listing;
    expect(listing.models).toEqual([{ id: "good" }]);
    expect(listing.rejected.map((id) => id.slice(0, 14))).toEqual(["with\\nnewline", "", "x".repeat(14)]);
  });

  test("Azure's models that can't be called are left out", async () => {
    answer({
      data: [
        { id: "gpt-4o", capabilities: { inference: true } },
        { id: "base-only", capabilities: { inference: false } },
      ],
    });
    expect(await ids({ dialect: "azure", url: `${provider.url}/openai` })).toEqual(["gpt-4o"]);
  });
});

describe("requests", () => {
  test.each([
    ["openai", "authorization", `Bearer ${canary}`],
    ["anthropic", "x-api-key", canary],
    ["azure", "api-key", canary],
    ["gemini", "x-goog-api-key", canary],
  ] as const)("dialect %s sends its credential in %s", async (dialect, header, value) => {
    answer({ data: [{ id: "a" }] });
    await ids({ dialect });
    const request = provider.take(anyPath);
    expect(request.headers[header]).toBe(value);
    expect(request.headers["accept-encoding"]).toBe("identity");
    expect(request.headers.accept).toBe("application/json");
    expect(request.headers["anthropic-version"]).toBe(dialect === "anthropic" ? "2023-06-01" : undefined);
  });

  test("the endpoint's own auth header, prefix, headers and query are used exactly", async () => {
    answer({ data: [{ id: "a" }] });
    await ids({
      authHeaderName: "X-Token",
      authHeaderPrefix: "Token ",
      headers: { "X-Team": "research", Accept: "application/vnd.x+json" },
      query: { "api-version": "2024-10-21", q: "a b&c" },
    });
    const request = provider.take(anyPath);
    expect(request.headers).toMatchObject({
      "x-token": `Token ${canary}`,
      "x-team": "research",
      accept: "application/vnd.x+json",
    });
    expect(request.headers.authorization).toBeUndefined();
    const query = new URL(request.url, provider.url).searchParams;
    expect(Object.fromEntries(query)).toEqual({ "api-version": "2024-10-21", q: "a b&c" });
  });

  test("without a credential none is sent", async () => {
    await ids({ credential: null });
    expect(provider.take(anyPath).headers.authorization).toBeUndefined();
  });
});

describe("paging", () => {
  const seven = ["m1", "m2", "m3", "m4", "m5", "m6", "m7"];

  test("Anthropic's list is followed over all its pages", async () => {
    Object.assign(provider.settings, { listShape: "anthropic", models: seven, pageSize: 3 });
    expect(await ids({ dialect: "anthropic" })).toEqual(seven);
    expect(provider.requests).toHaveLength(3);
    for (const { headers, url } of provider.requests) {
      expect(headers).toMatchObject({ "x-api-key": canary, "anthropic-version": "2023-06-01" });
      expect(new URL(url, provider.url).searchParams.get("limit")).toBe("1000");
    }
  });

  test("has_more is followed whatever the dialect", async () => {
    Object.assign(provider.settings, { listShape: "anthropic", models: seven, pageSize: 3 });
    expect(await ids()).toEqual(seven);
  });

  test("Gemini's page tokens are followed", async () => {
    Object.assign(provider.settings, { listShape: "gemini", models: seven, pageSize: 3 });
    expect(await ids({ dialect: "gemini", url: provider.url })).toEqual(seven);
    expect(provider.requests.map(({ path }) => path)).toEqual(["/v1beta/models", "/v1beta/models", "/v1beta/models"]);
  });

  test("a page without usable models does not end the list", async () => {
    const pages = [["a"], ["bad\nid"], ["b"]];
    provider.on(anyPath, (request) => {
      const after = new URL(request.url, provider.url).searchParams.get("after_id");
      const index = after === null ? 0 : Number(after) + 1;
      return { kind: "answer", body: { data: pages[index]?.map((id) => ({ id })), has_more: index < 2, last_id: `${index}` } };
    });
    expect(await ids()).toEqual(["a", "b"]);
  });

  test("a server that ignores the cursor ends the list", async () => {
    answer({ data: [{ id: "a" }], has_more: true, last_id: "a" });
    expect(await ids()).toEqual(["a"]);
    expect(provider.requests).toHaveLength(2);
  });

  test("a list that breaks off at a later page is a failure, not a shorter list", async () => {
    Object.assign(provider.settings, { listShape: "anthropic", models: seven, pageSize: 3 });
    provider.on(
      (request) => request.url.includes("after_id=m6"),
      () => ({ kind: "answer", status: 500, body: "oops" }),
    );
    expect(await list({ dialect: "anthropic" })).toMatchObject({ ok: false, stage: "http", code: "http_error", httpStatus: 500 });
  });

  test("endless lists end at 100 pages or 20,000 models", async () => {
    let calls = 0;
    provider.on(anyPath, () => ({
      kind: "answer",
      body: { data: [{ id: `m${++calls}` }], has_more: true, last_id: `m${calls}` },
    }));
    expect(await list()).toMatchObject({ ok: false, stage: "parse", code: "too_many_models" });
    expect(calls).toBe(100);
    provider.reset();
    answer(Array.from({ length: 20_001 }, (_, index) => `m${index}`));
    expect(await list()).toMatchObject({ ok: false, stage: "parse", code: "too_many_models" });
  });
});

describe("the base URL", () => {
  test.each([
    ["", "/v1/models", "/v1"],
    ["/", "/v1/models", "/v1"],
    ["/v1", "/v1/models", "/v1"],
    ["/v1/", "/v1/models", "/v1"],
    ["", "/models", ""],
    ["/v1", "/models", ""],
    ["/proxy", "/proxy/models", "/proxy"],
    ["/proxy", "/proxy/v1/models", "/proxy/v1"],
    ["/proxy/v1", "/proxy/models", "/proxy"],
  ])("given '%s' where only %s exists, '%s' is the effective one", async (path, listPath, effective) => {
    provider.settings.basePaths = [listPath];
    provider.on(listPath, () => ({ kind: "answer", body: { data: [{ id: "a" }] } }));
    expect(await list({ url: provider.url + path })).toMatchObject({ ok: true, effectiveUrl: provider.url + effective });
  });

  test("the base that answered before is tried first", async () => {
    provider.on("/models", () => ({ kind: "answer", body: { data: [{ id: "a" }] } }));
    expect(await list({ baseUrl: provider.url })).toMatchObject({ ok: true, effectiveUrl: provider.url });
    expect(provider.requests.map(({ path }) => path)).toEqual(["/models"]);
  });

  test("a remembered base of another origin is not called", async () => {
    expect(await list({ baseUrl: "http://elsewhere.invalid/v1" })).toMatchObject({
      ok: true,
      effectiveUrl: `${provider.url}/v1`,
    });
  });

  test("a base that has worked is not given up for a server error", async () => {
    provider.on("/v1/models", () => ({ kind: "answer", status: 503, body: "busy" }));
    provider.on("/models", () => ({ kind: "answer", body: { data: [{ id: "something-else" }] } }));
    expect(await list({ baseUrl: `${provider.url}/v1` })).toMatchObject({ ok: false, code: "http_error", httpStatus: 503 });
  });

  test("an Azure deployment is its own only model once the resource accepts the key, and never gets /v1", async () => {
    provider.on(/\/deployments\//, () => ({ kind: "answer", status: 404, body: { error: { code: "404" } } }));
    provider.on("/openai/models", () => ({ kind: "answer", body: { data: [{ id: "gpt-4o" }, { id: "gpt-4o-mini" }] } }));
    const azure = {
      dialect: "azure",
      url: `${provider.url}/openai/deployments/my-gpt`,
      query: { "api-version": "2024-10-21" },
    } as const;
    expect(await list(azure)).toMatchObject({ ok: true, effectiveUrl: azure.url, models: [{ id: "my-gpt" }] });
    expect(provider.requests.map(({ url }) => url)).toEqual([
      "/openai/deployments/my-gpt/models?api-version=2024-10-21",
      "/openai/models?api-version=2024-10-21",
    ]);
    provider.reset();
    provider.on(/\/deployments\//, () => ({ kind: "answer", status: 404, body: "" }));
    provider.on("/openai/models", () => ({ kind: "answer", status: 401, body: "" }));
    expect(await list(azure)).toMatchObject({ ok: false, stage: "auth", code: "unauthorized" });
  });
});

describe("validation", () => {
  test("a working endpoint without /v1 in its URL is ok and reports its effective URL", async () => {
    provider.settings.basePaths = ["/v1"];
    expect(await validateEndpoint(target({ url: provider.url }))).toEqual({
      ok: true,
      stage: "done",
      code: "ok",
      message: "The endpoint answers and lists 2 models.",
      hint: null,
      latency_ms: expect.any(Number),
      effective_url: `${provider.url}/v1`,
      models: ["test-model", "test-embedding"],
    });
  });

  test("eight ways to fail have eight stage and code pairs, texts of their own, and end in time", async () => {
    const tls = createHttpsServer({ key: selfSignedKey, cert: selfSignedCertificate }).listen(0, "127.0.0.1");
    const closed = await startProvider();
    await closed.close();
    const tlsUrl = `https://127.0.0.1:${(tls.address() as AddressInfo).port}/v1`;

    const seen = [
      // The system's resolver knows by itself that there is no such name, without a DNS that may be slow.
      await validateEndpoint(target({ url: "http://no-such-host..invalid/v1" })),
      await validateEndpoint(target({ url: `${closed.url}/v1` })),
      await validateEndpoint(target({ url: tlsUrl })),
    ];
    tls.close();
    const status = async (code: number, body: string, options = {}) => {
      provider.reset();
      answer(body, code);
      seen.push(await validateEndpoint(target(), options));
    };
    await status(401, '{"error":"no"}');
    await status(404, "not here");
    await status(200, "<!doctype html><title>Welcome</title>");
    await status(200, '{"object":"list","data":[]}');
    provider.reset();
    provider.next({ kind: "hang", at: "before_headers" }, { match: anyPath });
    // Enough to be connected on a busy machine: until then, the connection would be what did not stand in time.
    seen.push(await validateEndpoint(target(), { timeoutMs: 2500 }));

    expect(seen.map(({ stage, code }) => `${stage}/${code}`)).toEqual([
      "dns/dns_failed",
      "connect/connection_refused",
      "tls/certificate_invalid",
      "auth/unauthorized",
      "http/not_found",
      "parse/not_json",
      "empty/no_models",
      "http/timeout",
    ]);
    expect(new Set(seen.map(({ message }) => message)).size).toBe(8);
    for (const view of seen) {
      expect(view).toMatchObject({ ok: false, models: [] });
      expect(view.hint).toBeTruthy();
      expect(view.latency_ms).toBeLessThan(5000);
      expect(JSON.stringify(view)).not.toContain(canary);
    }
  });

  test("the time limit covers an answer that never ends and both forms of the base together", async () => {
    provider.next({ kind: "hang", at: "after_headers" }, { match: anyPath });
    expect(await list({}, { timeoutMs: 2500 })).toMatchObject({ ok: false, stage: "http", code: "timeout" });
    provider.on(anyPath, async () => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      return { kind: "answer", status: 404, body: "" };
    });
    const startedAt = performance.now();
    expect(await list({}, { timeoutMs: 250 })).toMatchObject({ ok: false, code: "timeout" });
    expect(performance.now() - startedAt).toBeLessThan(4000);
  });

  test("a connection that never stands ends at the connect timeout", async () => {
    const resolve = () => new Promise<never>(() => {});
    const slow = { url: "http://slow.example/v1", connectTimeoutMs: 100 };
    expect(await list(slow, { resolve })).toMatchObject({
      ok: false,
      stage: "dns",
      code: "timeout",
      latencyMs: expect.any(Number),
    });
    expect(await list({ ...slow, connectTimeoutMs: 5000 }, { resolve, timeoutMs: 100 })).toMatchObject({
      ok: false,
      code: "timeout",
    });
  });

  test.each([
    [403, "auth", "forbidden"],
    [429, "http", "rate_limited"],
    [400, "http", "http_error"],
    [500, "http", "http_error"],
  ])("%i is %s/%s", async (status, stage, code) => {
    answer("{}", status);
    expect(await list()).toMatchObject({ ok: false, stage, code, httpStatus: status });
  });

  test.each(["{}", '{"error":"x"}', "7", "null", '"text"', '{"data":[{"object":"model"}]}'])("%s is not a list", async (body) => {
    answer(body);
    expect(await list()).toMatchObject({ ok: false, stage: "parse", code: "not_a_list" });
  });

  test("a redirect is not followed; the hint names the host and nothing else of it", async () => {
    answer("", 302, { location: "https://login.example:8443/secret-path?token=abc" });
    const failure = await list();
    expect(failure).toMatchObject({ ok: false, stage: "http", code: "redirect" });
    expect(failure.ok ? "" : failure.hint).toContain("login.example:8443");
    expect(JSON.stringify(failure)).not.toMatch(/secret-path|token=/);
  });

  test("a metadata address is refused", async () => {
    expect(await list({ url: "http://169.254.169.254/v1" })).toMatchObject({
      ok: false,
      stage: "connect",
      code: "egress_refused",
    });
  });

  test("an answer of more than 16 MB is refused", async () => {
    provider.next({ kind: "huge", bytes: 17 * 1024 * 1024 }, { match: anyPath });
    expect(await list()).toMatchObject({ ok: false, stage: "http", code: "response_too_large" });
  });

  test("a broken connection and an unreadable URL are failures, not exceptions", async () => {
    provider.next({ kind: "reset", at: "before_headers" }, { match: anyPath });
    expect(await list()).toMatchObject({ ok: false, stage: "http", code: "connection_reset" });
    expect(await list({ url: "not a url" })).toMatchObject({ ok: false, code: "invalid_url" });
  });
});
