// A call for one token: what is sent in each dialect, and what each way to answer is taken for, on real sockets.
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { type Provider, startProvider } from "../../../test/support/provider.ts";
import { selfSignedCertificate, selfSignedKey } from "../../../test/support/self-signed-certificate.ts";
import type { EndpointView } from "../../domain/snapshot.ts";
import { askCompletion } from "./ask-completion.ts";
import { canary, endpointView } from "./fixtures/probed-view.ts";

let provider: Provider;
beforeAll(async () => {
  provider = await startProvider();
});
afterEach(() => provider.reset());
afterAll(() => provider.close());

const never = new AbortController().signal;

async function ask(changes: Partial<EndpointView> = {}, { model = "test-model", timeoutMs = 5000, signal = never } = {}) {
  const endpoint = endpointView(changes.baseUrl ?? `${provider.url}/v1`, changes);
  const outcome = await askCompletion(endpoint, model, { timeoutMs, signal });
  expect(JSON.stringify(outcome)).not.toContain(canary);
  return outcome;
}

describe("what is sent", () => {
  const ping = [{ role: "user", content: "ping" }];

  test("OpenAI: chat completions with the endpoint's own headers and query", async () => {
    const headers = { "x-team": "research" };
    expect(await ask({ headers, query: { "a b": "c&d" } })).toMatchObject({ verdict: "ok", cause: "ok" });
    const request = provider.take();
    expect(`${request.method} ${request.url}`).toBe("POST /v1/chat/completions?a%20b=c%26d");
    expect(request.json).toEqual({ model: "test-model", messages: ping, max_tokens: 1 });
    expect(request.headers).toMatchObject({
      authorization: `Bearer ${canary}`,
      "x-team": "research",
      "content-type": "application/json",
      "accept-encoding": "identity",
    });
  });

  test("Azure: the deployment's URL is the base, the key is in api-key", async () => {
    const baseUrl = `${provider.url}/openai/deployments/my-gpt`;
    const query = { "api-version": "2024-10-21" };
    expect(await ask({ dialect: "azure", baseUrl, query })).toMatchObject({ verdict: "ok" });
    const request = provider.take();
    expect(request.url).toBe("/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21");
    expect(request.json).toEqual({ model: "test-model", messages: ping, max_tokens: 1 });
    expect(request.headers["api-key"]).toBe(canary);
    expect(request.headers.authorization).toBeUndefined();
  });

  test("Anthropic: messages, with its version header unless the endpoint has one", async () => {
    expect(await ask({ dialect: "anthropic" })).toMatchObject({ verdict: "ok" });
    const request = provider.take();
    expect(request.url).toBe("/v1/messages");
    expect(request.json).toEqual({ model: "test-model", messages: ping, max_tokens: 1 });
    expect(request.headers).toMatchObject({ "x-api-key": canary, "anthropic-version": "2023-06-01" });
    await ask({ dialect: "anthropic", headers: { "anthropic-version": "2099-01-01" } });
    expect(provider.take().headers["anthropic-version"]).toBe("2099-01-01");
  });

  test.each(["/v1beta", "/v1"])("Gemini: generateContent under /v1beta, where the base is %s", async (path) => {
    expect(await ask({ dialect: "gemini", baseUrl: provider.url + path })).toMatchObject({ verdict: "ok" });
    const request = provider.take();
    expect(request.url).toBe("/v1beta/models/test-model:generateContent");
    expect(request.json).toEqual({
      contents: [{ role: "user", parts: [{ text: "ping" }] }],
      generationConfig: { maxOutputTokens: 1 },
    });
    expect(request.headers["x-goog-api-key"]).toBe(canary);
  });

  test("an auth header of the endpoint's own is used exactly; without a credential none is sent", async () => {
    await ask({ authHeaderName: "X-Token", authHeaderPrefix: "Token " });
    const request = provider.take();
    expect(request.headers["x-token"]).toBe(`Token ${canary}`);
    expect(request.headers.authorization).toBeUndefined();
    await ask({ credential: null });
    expect(provider.take().credential).toBeNull();
  });

  test.each(["../../admin", "..", "a/../../b"])("a model named %s does not lead out of the models", async (model) => {
    const outcome = await ask({ dialect: "gemini", baseUrl: `${provider.url}/v1beta` }, { model });
    expect(outcome).toMatchObject(model === ".." ? { verdict: "ok" } : { verdict: "neutral", cause: "invalid_path" });
    for (const { path } of provider.requests) expect(path).toBe("/v1beta/models/..:generateContent");
  });
});

describe("what it is taken for", () => {
  test.each([
    ...[401, 403, 408, 409, 425, 500, 502, 503, 504, 529].map((status) => [status, "failed"] as const),
    ...[400, 404, 405, 413, 422, 429, 501].map((status) => [status, "neutral"] as const),
  ])("%i is %s", async (status, verdict) => {
    provider.next({ kind: "answer", status, body: { error: { message: `the key ${canary} is not good` } } });
    expect(await ask()).toMatchObject({ verdict, cause: `http ${status}` });
  });

  test("a redirect is a failure and is not followed", async () => {
    provider.next({ kind: "answer", status: 307, headers: { location: `${provider.url}/v1/elsewhere` } });
    expect(await ask()).toMatchObject({ verdict: "failed", cause: "http 307" });
    expect(provider.requests).toHaveLength(1);
  });

  test.each([
    ["", "empty"],
    ["<!doctype html><title>Sign in</title>", "not_json"],
    ["[]", "not_json"],
    ['{"error":{"message":"upstream is down"}}', "error_in_answer"],
  ])("a 200 with the body '%s' is a failure", async (body, cause) => {
    provider.next({ kind: "answer", body });
    expect(await ask()).toMatchObject({ verdict: "failed", cause });
  });

  test("a 200 whose error is null is none", async () => {
    provider.next({ kind: "answer", body: { error: null, output: [] } });
    expect(await ask()).toMatchObject({ verdict: "ok" });
  });

  test("an answer of more than 64 KB is not read to its end", async () => {
    provider.next({ kind: "huge", bytes: 50 * 1024 * 1024 });
    expect(await ask()).toMatchObject({ verdict: "failed", cause: "response_too_large" });
    const request = provider.take();
    await request.finished;
    expect(request.outcome).toBe("aborted");
  });

  test("nothing listens: refused", async () => {
    const closed = await startProvider();
    await closed.close();
    expect(await ask({ baseUrl: `${closed.url}/v1` })).toMatchObject({ verdict: "failed", cause: "connection_refused" });
  });

  test("a certificate that nobody knows is not trusted, and the key not sent", async () => {
    let requests = 0;
    const tls = createHttpsServer({ key: selfSignedKey, cert: selfSignedCertificate }, () => requests++);
    await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
    const baseUrl = `https://127.0.0.1:${(tls.address() as AddressInfo).port}/v1`;
    expect(await ask({ baseUrl })).toMatchObject({ verdict: "failed", cause: "certificate_invalid" });
    expect(requests).toBe(0);
    tls.close();
  });

  test("cloud metadata is not asked", async () => {
    expect(await ask({ baseUrl: "http://169.254.169.254/v1" })).toMatchObject({ verdict: "failed", cause: "egress_refused" });
  });

  test("a connection that breaks off is a failure", async () => {
    provider.next({ kind: "reset", at: "before_headers" });
    expect(await ask()).toMatchObject({ verdict: "failed", cause: "connection_reset" });
    provider.next({ kind: "reset", at: "after_headers" });
    expect(await ask()).toMatchObject({ verdict: "failed", cause: "connection_reset" });
  });
});

describe("how long it takes", () => {
  test.each(["before_headers", "after_headers"] as const)("silence %s ends at the time limit, socket and all", async (at) => {
    provider.next({ kind: "hang", at });
    const startedAt = performance.now();
    const outcome = await ask({}, { timeoutMs: 200 });
    expect(outcome).toMatchObject({ verdict: "failed", cause: "timeout" });
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(outcome.latencyMs).toBeGreaterThanOrEqual(195);
    await eventually(() => provider.openConnections === 0, { what: "the end of the connection" });
  });

  test("given up, it ends at once, and its connection with it", async () => {
    provider.next({ kind: "hang", at: "before_headers" });
    const giveUp = new AbortController();
    const asked = ask({}, { signal: giveUp.signal, timeoutMs: 25_000 });
    await provider.waitForRequest();
    const startedAt = performance.now();
    giveUp.abort();
    await asked;
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await eventually(() => provider.openConnections === 0, { what: "the end of the connection" });
  });

  test("no connection outlives its question", async () => {
    for (const status of [200, 500]) {
      provider.next({ kind: "answer", status, body: {} });
      await ask();
    }
    await eventually(() => provider.openConnections === 0, { what: "the end of the connections" });
  });
});
