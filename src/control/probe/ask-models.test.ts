// Asking for the model list as a question about health, on real sockets.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { type Provider, startProvider } from "../../../test/support/provider.ts";
import type { EndpointView } from "../../domain/snapshot.ts";
import { askModels } from "./ask-models.ts";
import { canary, endpointView } from "./fixtures/probed-view.ts";

const anyPath = () => true;
let provider: Provider;
beforeAll(async () => {
  provider = await startProvider();
});
afterEach(() => provider.reset());
afterAll(() => provider.close());

async function ask(changes: Partial<EndpointView> = {}, { hasListed = true, timeoutMs = 5000 } = {}) {
  const endpoint = endpointView(changes.baseUrl ?? `${provider.url}/v1`, changes);
  const outcome = await askModels(endpoint, hasListed, { timeoutMs, signal: new AbortController().signal });
  expect(JSON.stringify(outcome)).not.toContain(canary);
  return outcome;
}

test("a list is ok, asked for once, with the endpoint's credential and headers", async () => {
  const outcome = await ask({ headers: { "x-team": "research" }, query: { tenant: "t1" } });
  expect(outcome).toMatchObject({ verdict: "ok", cause: "ok", latencyMs: expect.any(Number) });
  expect(provider.requests.map(({ url }) => url)).toEqual(["/v1/models?tenant=t1"]);
  expect(provider.take(anyPath).headers).toMatchObject({ authorization: `Bearer ${canary}`, "x-team": "research" });
});

test("an empty list is a list", async () => {
  provider.models = [];
  expect(await ask()).toMatchObject({ verdict: "ok" });
});

test("the base that calls use is the one that is asked, also without a path", async () => {
  provider.on("/models", () => ({ kind: "answer", body: { data: [{ id: "a" }] } }));
  expect(await ask({ baseUrl: provider.url })).toMatchObject({ verdict: "ok" });
  expect(provider.requests.map(({ url }) => url)).toEqual(["/models"]);
});

test.each([
  [401, "failed"],
  [403, "failed"],
  [307, "failed"],
  [500, "failed"],
  [503, "failed"],
  [429, "neutral"],
] as const)("%i is %s", async (status, verdict) => {
  provider.on(anyPath, () => ({ kind: "answer", status, body: `{"error":"${canary}"}`, headers: { location: "/v1/else" } }));
  expect(await ask()).toMatchObject({ verdict, cause: `http ${status}` });
  expect(provider.requests.some(({ url }) => url.includes("else"))).toBe(false);
});

test("404 is a failure where there was a list, and says nothing where there never was one", async () => {
  provider.on(anyPath, () => ({ kind: "answer", status: 404, body: "" }));
  expect(await ask()).toMatchObject({ verdict: "failed", cause: "http 404" });
  expect(await ask({}, { hasListed: false })).toMatchObject({ verdict: "neutral", cause: "http 404" });
});

test.each([
  ["<title>Sign in</title>", "not_json"],
  ['{"status":"up"}', "not_a_list"],
])("'%s' is no list", async (body, cause) => {
  provider.on(anyPath, () => ({ kind: "answer", body }));
  expect(await ask()).toMatchObject({ verdict: "failed", cause });
});

test("silence ends at the time limit, socket and all", async () => {
  provider.next({ kind: "hang", at: "after_headers" }, { match: anyPath });
  expect(await ask({}, { timeoutMs: 200 })).toMatchObject({ verdict: "failed", cause: "timeout" });
  await eventually(() => provider.openConnections === 0, { what: "the end of the connection" });
});

test("nothing listens: refused", async () => {
  const closed = await startProvider();
  await closed.close();
  expect(await ask({ baseUrl: `${closed.url}/v1` })).toMatchObject({ verdict: "failed", cause: "connection_refused" });
});
