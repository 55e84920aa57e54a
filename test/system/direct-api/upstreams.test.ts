// What an entry of a manifest makes of a call: its path, its key and its headers, for each kind of provider.
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { LooseJson } from "../../support/loose-json.ts";
import { manifestEntry } from "../../support/manifest-server.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { type DirectOptions, openaiKey, startDirectGateway, userToken } from "./direct-gateway.ts";

let provider: Provider;
beforeEach(async () => {
  provider = await startProvider({ basePaths: [""] });
  return () => provider.close();
});

const start = (entry: object, options: Partial<DirectOptions> = {}) =>
  startDirectGateway({ manifest: { one: manifestEntry(entry) }, ...options });

describe("case 3: an entry with dialect anthropic, natively", () => {
  const target = "/resource_server/metis/api/v1/messages";
  const body = { model: "claude-3-opus-20240229", max_tokens: 9, messages: [{ role: "user", content: "Hello" }] };
  const startNative = (url: string) =>
    start({ dialect: "anthropic", url, experts: ["claude-3-opus-20240229"], endpoint_id: "anthropic-production" });

  test.each(["/v1", ""])("%j: the call goes to /v1/messages with x-api-key, and the caller's anthropic-version", async (path) => {
    const { chat } = await startNative(provider.url + path);
    const headers = { "x-api-key": userToken, "anthropic-version": "2023-06-01", "anthropic-beta": "some-beta" };
    const answer = await chat("", { target, headers, body });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ type: "message", role: "assistant", model: "claude-3-opus-20240229" });
    expect(answer.headers["x-headgate-endpoint"]).toBe("metis");
    const sent = provider.take();
    expect([sent.method, sent.url, sent.text]).toEqual(["POST", "/v1/messages", JSON.stringify(body)]);
    expect(sent.headers).toMatchObject({
      "x-api-key": "sk-ant-of-anthropic-production",
      "anthropic-version": "2023-06-01",
      "anthropic-beta": "some-beta",
    });
    expect(sent.headers.authorization).toBeUndefined();
    expect(sent.rawHeaders.join()).not.toContain(userToken);
  });

  test("a stream of it ends as Anthropic's do", async () => {
    const { chat } = await startNative(provider.url);
    const answer = await chat("", { target, body: { ...body, stream: true } });
    expect(answer.text).toMatch(/^event: message_start\n/);
    expect(answer.text).toMatch(/event: message_stop\ndata: .+\n\n$/);
    expect(answer.text).not.toContain("[DONE]");
  });

  test("refusals have Anthropic's shape there", async () => {
    const { chat } = await startNative(provider.url);
    const unknown = await chat("", { target, body: { ...body, model: "nothing" } });
    expect(unknown.status).toBe(404);
    expect(unknown.json).toMatchObject({ type: "error", error: { type: "not_found_error", message: expect.any(String) } });
    expect(provider.calls).toEqual([]);
  });
});

describe("case 4: the url's trailing slash changes nothing", () => {
  test.each(["/v1", "/v1/", "", "/"])("%j", async (path) => {
    const { chat } = await start({ url: provider.url + path });
    expect((await chat("gpt-4")).status).toBe(200);
    const sent = provider.take();
    expect(sent.url).toBe("/v1/chat/completions");
    expect(sent.headers.authorization).toBe(`Bearer ${openaiKey}`);
  });

  test("nor does a base of several segments lose one", async () => {
    const { chat } = await start({ url: `${provider.url}/some/base/v3/` });
    expect((await chat("gpt-4")).status).toBe(200);
    expect(provider.take().url).toBe("/some/base/v3/chat/completions");
  });
});

test("case 5: the guide's example of several endpoints, which has no descriptions, is taken as it is", async () => {
  const region = (name: string) => ({
    status: "Live",
    model: `OpenAI ${name}`,
    experts: ["gpt-4"],
    url: `${provider.url}/v1`,
    endpoint_id: name,
  });
  const manifest = { "openai-us-east": region("openai-us-east"), "openai-eu-west": region("openai-eu-west") };
  const tokens = { "openai-us-east": "sk-us", "openai-eu-west": "sk-eu" };
  const { chat, get, headgate } = await startDirectGateway({ manifest, tokens });
  for (let call = 0; call < 40; call++) expect((await chat("gpt-4")).status).toBe(200);
  expect(new Set(provider.calls.map(({ headers }) => headers.authorization))).toEqual(new Set(["Bearer sk-us", "Bearer sk-eu"]));
  const { running } = (await get("/resource_server/metis/jobs")).json;
  expect(running.map((job: LooseJson) => job.Description).sort()).toEqual(["OpenAI openai-eu-west", "OpenAI openai-us-east"]);
  const { entries } = (await headgate.admin("GET", "/manifests")).body.data[0];
  expect(entries.map((entry: LooseJson) => entry.error)).toEqual([null, null]);
});

test("case 34: an Azure deployment works from the manifest alone: its URL, api-key, api-version", async () => {
  const { chat } = await start({
    dialect: "azure",
    url: `${provider.url}/openai/deployments/your-deployment`,
    query: { "api-version": "2024-10-21" },
    experts: ["gpt-35-turbo"],
  });
  const answer = await chat("gpt-35-turbo", { headers: { authorization: `Bearer ${userToken}`, "api-key": "sk-of-the-caller" } });
  expect(answer.status).toBe(200);
  const sent = provider.take();
  expect(sent.url).toBe("/openai/deployments/your-deployment/chat/completions?api-version=2024-10-21");
  expect(sent.headers["api-key"]).toBe(openaiKey);
  expect(sent.headers.authorization).toBeUndefined();
  expect(sent.rawHeaders.join()).not.toContain("of-the-caller");
});

test("an entry's own headers, and a header and prefix for its key, go with every call", async () => {
  const { chat } = await start({
    url: provider.url,
    headers: { "X-Team": "research", "OpenAI-Organization": "org-1" },
    auth_header_name: "X-Gateway-Key",
    auth_header_prefix: "Key ",
  });
  const headers = { authorization: `Bearer ${userToken}`, "x-team": "of-the-caller", "x-gateway-key": "of-the-caller" };
  expect((await chat("gpt-4", { headers })).status).toBe(200);
  const sent = provider.take();
  expect(sent.headers).toMatchObject({
    "x-team": "research",
    "openai-organization": "org-1",
    "x-gateway-key": `Key ${openaiKey}`,
  });
  expect(sent.headers.authorization).toBeUndefined();
  expect(sent.rawHeaders.join()).not.toContain("of-the-caller");
});

test("case 33: fields that nobody here has heard of reach the provider byte for byte", async () => {
  const { chat } = await start({ url: provider.url });
  const body =
    '{"chat_template_kwargs": {"enable_thinking":false},  "top_k":40,"min_p":0.05, "reasoning_effort":"minimal",' +
    '"seed":12345678901234567890,\n"messages":[{"role":"system","content":[{"type":"text","text":"parts"}]},{"role":"user","content":""}],' +
    '"service_tier":"priority", "model":"gpt-4", "tools":[{"type":"mcp","server_url":"https://x"}]}';
  for (const prefix of ["/resource_server/metis/api/v1", "/v1", "/ai/v1"]) {
    const json = { authorization: `Bearer ${userToken}`, "content-type": "application/json" };
    expect((await chat("", { target: `${prefix}/chat/completions`, body, headers: json })).status).toBe(200);
    expect(provider.take().text).toBe(body);
  }
});

test("case 33: a body without a model, or that is no JSON, gets 400 in OpenAI's envelope and names the field", async () => {
  const { chat } = await start({ url: provider.url });
  const bodies: [string, object][] = [
    ['{"messages":[]}', { code: "model_required", param: "model" }],
    ['{"model":5}', { code: "model_required", param: "model" }],
    ['{"model":"gpt-4",', { code: "invalid_json" }],
    ["", { code: "model_required", param: "model" }],
  ];
  for (const [body, error] of bodies) {
    const answer = await chat("", { body });
    expect(answer.status).toBe(400);
    expect(answer.json.error).toMatchObject({ message: expect.any(String), type: "invalid_request_error", ...error });
    expect(answer.headers["x-headgate-error-source"]).toBe("gateway");
  }
  expect(provider.calls).toEqual([]);
});

describe("case 9: an entry whose key is missing", () => {
  const missing = { endpoint_id: "nobody-has-it", experts: ["lonely", "shared"] };

  test.each(["nobody-has-it", "constructor", "__proto__", "toString", "undefined", "null"])(
    "endpoint_id %s: 503 endpoint_misconfigured, and nothing goes upstream",
    async (endpoint_id) => {
      const { chat, headgate } = await start({ ...missing, endpoint_id, url: provider.url });
      const answer = await chat("lonely");
      expect(answer.status).toBe(503);
      expect(answer.json.error).toMatchObject({ code: "endpoint_misconfigured", param: "model" });
      expect(answer.text + answer.rawHeaders).not.toMatch(/nobody-has-it|constructor|__proto__|127\.0\.0\.1|METIS_API_TOKENS/);
      expect(provider.requests).toEqual([]);
      const [entry] = (await headgate.admin("GET", "/manifests")).body.data[0].entries;
      expect(entry).toMatchObject({ key: "one", endpoint_id, status: "live", error: expect.stringContaining("no token") });
    },
  );

  test("without METIS_API_TOKENS at all it is the same", async () => {
    const { chat } = await start({ url: provider.url }, { env: { METIS_API_TOKENS: "" } });
    expect((await chat("gpt-4")).json.error.code).toBe("endpoint_misconfigured");
    expect(provider.requests).toEqual([]);
  });

  test("nor does a path that names the endpoint, or a response that was made there, reach it without a key", async () => {
    const { chat, headgate, serve, get } = await start({ url: provider.url, experts: ["gpt-4"] });
    const target = "/resource_server/metis/api/v1/responses";
    const made = await chat("", { target, body: { model: "gpt-4", input: "hi", store: true } });
    expect([made.status, (await get(`${target}/${made.json.id}`)).status]).toEqual([200, 200]);
    const before = provider.requests.length;
    await serve({ one: manifestEntry({ ...missing, url: provider.url, experts: ["gpt-4"] }) });

    const key = await headgate.createKey({ scopes: ["inference", "passthrough"] });
    const headers = { authorization: `Bearer ${key}` };
    const [endpoint] = (await headgate.admin("GET", "/endpoints")).body.data;
    const answers = [
      await chat("gpt-4"),
      await chat("gpt-4", { target: `/endpoints/${endpoint.name}/v1/chat/completions`, headers }),
      await get(`/endpoints/${endpoint.name}/v1/files`, headers),
      await get(`${target}/${made.json.id}`),
      await chat("", { target, body: { model: "gpt-4", input: "hi", previous_response_id: made.json.id } }),
    ];
    expect(answers.map(({ status, json }) => `${status} ${json.error.code}`)).toEqual([
      "503 endpoint_misconfigured",
      "503 endpoint_misconfigured",
      "503 endpoint_misconfigured",
      // what is said of a response whose maker can't be called
      "503 model_offline",
      "503 model_offline",
    ]);
    expect(provider.requests).toHaveLength(before);
  });

  test("another Live entry of the model takes all its calls, and no call ever carries an empty or made-up key", async () => {
    const other = await startProvider();
    onTestFinished(() => other.close());
    const manifest = {
      one: manifestEntry({ ...missing, url: provider.url }),
      two: manifestEntry({ experts: ["shared"], url: other.url }),
    };
    const { chat, get, headgate } = await startDirectGateway({ manifest });
    for (let call = 0; call < 30; call++) {
      const answer = await chat("shared");
      expect([answer.status, answer.headers["x-headgate-attempts"]]).toEqual([200, "1"]);
    }
    // When the other fails, too, the one without a key is no way out.
    other.next({ kind: "answer", status: 500 }, { times: 10 });
    expect((await chat("shared")).status).toBe(500);
    expect((await get("/resource_server/list-endpoints")).json.clusters.metis.frameworks.api.models).toEqual(["shared"]);
    const { data } = (await headgate.admin("GET", "/endpoints")).body;
    const keyless = data.find((endpoint: LooseJson) => !endpoint.has_api_key);
    expect((await headgate.admin("POST", "/endpoints/validate", { endpoint_id: keyless.id })).status).toBe(200);
    expect(provider.calls).toEqual([]);
    for (const { headers } of [...provider.requests, ...other.requests]) {
      expect(headers.authorization ?? `Bearer ${openaiKey}`).toBe(`Bearer ${openaiKey}`);
    }
  });
});
