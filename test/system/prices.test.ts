// What calls cost through a whole Headgate: on the request, in reports, by the price that held when they began.
import { calcPrice } from "@pydantic/genai-prices";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { RequestBody } from "../../src/api/requests.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import { type Headgate, startHeadgate } from "../support/headgate.ts";
import { type Provider, startProvider } from "../support/provider.ts";

const usage = { inputTokens: 1234, cachedInputTokens: 200, cacheWriteTokens: 0, outputTokens: 333, reasoningTokens: 50 };

let provider: Provider;
let headgate: Headgate;
let key: string;
let keyId: string;
beforeAll(async () => {
  provider = await startProvider({ models: ["gpt-4o", "local"], usage });
  headgate = await startHeadgate();
  await headgate.addEndpoint({ name: "one", url: `${provider.url}/v1`, sync_interval: 0, aliases: { local: "house-model" } });
  const targets = [{ endpoint: "one", model: "local" }];
  expect((await headgate.admin("POST", "/models", { name: "smart", targets })).status).toBe(201);
});
afterAll(async () => {
  await headgate?.stop();
  await provider?.close();
});
beforeEach(async () => {
  ({ key, id: keyId } = (await headgate.admin("POST", "/keys", { name: "of the test" })).body);
});
afterEach(async () => {
  for (const { model, override } of (await headgate.admin("GET", "/prices")).body.data)
    if (override !== null) await headgate.admin("DELETE", `/prices/${model}`);
});

const set = async (model: string, input: number, output: number, more: object = {}) => {
  const body = { input_usd_per_million: input, output_usd_per_million: output, ...more };
  const answer = await headgate.admin("PUT", `/prices/${model}`, body);
  expect(answer.status).toBe(200);
  return answer.body.override.version as string;
};

function ask(model: string, body: object = {}): Promise<Response> {
  return fetch(`${headgate.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }], ...body }),
  });
}

/** The request as the ledger has it once it is over. */
async function recorded(response: Response): Promise<RequestBody> {
  await response.text();
  const id = response.headers.get("x-request-id");
  return headgate.eventually(async () => {
    const { status, body } = await headgate.admin("GET", `/requests/${id}`);
    return status === 200 && body.state === "settled" ? (body as RequestBody) : null;
  });
}

async function call(model: string): Promise<RequestBody> {
  const response = await ask(model);
  expect(response.status).toBe(200);
  return recorded(response);
}

/** Of the key of this test. */
const reported = async () => {
  const { data } = (await headgate.admin("GET", "/usage?group_by=key")).body;
  return data.find(({ key: id }: { key: string }) => id === keyId);
};

test("without a price the cost is unknown, which is not zero", async () => {
  const { cost_usd, attempts } = await call("house-model");
  expect(cost_usd).toBeNull();
  expect(attempts).toMatchObject([{ cost_usd: null, price: null, cost_parts: [] }]);
  expect(await reported()).toMatchObject({ requests: 1, unpriced_requests: 1, cost_usd: null });
  expect((await headgate.admin("GET", "/system")).body.prices).toMatchObject({
    version: "0.1.8",
    date: "2026-09-23",
    unpriced_models: 3,
  });
});

test("the next call has the price that was just set, and its parts add up to what it cost, to the nano-dollar", async () => {
  const version = await set("house-model", 0.15, 0.6, { cached_input_usd_per_million: 0.0751 });
  const { cost_usd, attempts } = await call("house-model");
  // By hand, in nano-dollars times a million.
  const exact = 1234n * 150_000_000n + 200n * 75_100_000n + (333n + 50n) * 600_000_000n;
  const nano = Number((exact + 500_000n) / 1_000_000n);
  expect(nano).toBe(429_920);
  expect(cost_usd).toBe(nano / 1e9);
  const [attempt] = attempts;
  expect(attempt?.price).toMatchObject({
    version,
    source: "override",
    input_usd_per_million: 0.15,
    cached_input_usd_per_million: 0.0751,
  });
  expect(attempt?.cost_parts?.map(({ kind, tokens, usd_per_million }) => [kind, tokens, usd_per_million])).toEqual([
    ["input", 1234, 0.15],
    ["cached_input", 200, 0.0751],
    ["output", 333, 0.6],
    ["reasoning", 50, 0.6],
  ]);
  const sum = attempt?.cost_parts?.reduce((total, { usd }) => total + usd, 0) ?? 0;
  expect(Math.round(sum * 1e9)).toBe(nano);
  expect(await reported()).toMatchObject({ requests: 1, unpriced_requests: 0, cost_usd: nano / 1e9 });
  const listed = (await headgate.admin("GET", "/requests?limit=1")).body.data[0];
  expect([listed.cost_usd, listed.attempts[0].price]).toEqual([nano / 1e9, undefined]);
});

test("0 is a price", async () => {
  await set("house-model", 0, 0);
  const { cost_usd, attempts } = await call("house-model");
  expect([cost_usd, attempts[0]?.price?.input_usd_per_million]).toEqual([0, 0]);
  expect(await reported()).toMatchObject({ requests: 1, unpriced_requests: 0, cost_usd: 0 });
});

test("a virtual model has its pool's price, until it has its own", async () => {
  const ofPool = await set("house-model", 1, 2);
  expect((await call("smart")).attempts[0]?.price?.version).toBe(ofPool);
  const own = await set("smart", 3, 4);
  const called = await call("smart");
  expect(called.attempts[0]?.price?.version).toBe(own);
  expect(called.cost_usd).toBe(((1234 + 200) * 3 + 383 * 4) / 1e6);
  expect((await call("house-model")).attempts[0]?.price?.version).toBe(ofPool);
});

test("a call that has begun keeps its price, whatever is set meanwhile", async () => {
  const before = await set("house-model", 1, 2);
  let goOn = () => {};
  const until = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  provider.on(/chat/, async (_request, usual) => {
    await until;
    return usual();
  });
  const seen = provider.requests.length;
  const answering = ask("house-model");
  await headgate.eventually(async () => provider.requests.length > seen);
  const after = await set("house-model", 100, 200);
  goOn();
  const held = await recorded(await answering);
  expect(held.attempts[0]?.price).toMatchObject({ version: before, input_usd_per_million: 1 });
  expect(held.cost_usd).toBe(((1234 + 200) * 1 + 383 * 2) / 1e6);
  provider.reset();
  expect((await call("house-model")).attempts[0]?.price?.version).toBe(after);
});

test("a model at a provider of the catalogue costs what that says", async () => {
  // The provider of the tests stands in for OpenAI: calls go where they went, and the endpoint says whose they are.
  const storage = await openStorage({ databaseUrl: null, dataDir: headgate.dataDir });
  try {
    const endpoint = await storage.endpoints.getByName("one");
    expect(endpoint?.base_url).toBe(`${provider.url}/v1`);
    await storage.transaction(async (tx) => {
      await tx.endpoints.update(endpoint?.id as string, { url: "https://api.openai.com/v1" });
      await tx.meta.bumpConfigVersion();
    });
  } finally {
    await storage.close();
  }
  const called = await headgate.eventually(async () => {
    const request = await call("gpt-4o");
    return request.cost_usd === null ? null : request;
  });
  const theirs = calcPrice(
    { input_tokens: 1434, cache_read_tokens: 200, output_tokens: 383, output_reasoning_tokens: 50 },
    "gpt-4o",
    { providerId: "openai" },
  );
  expect(called.cost_usd).toBeCloseTo(theirs?.total_price as number, 9);
  expect(called.attempts[0]?.price).toMatchObject({
    source: "catalogue",
    provider: "openai",
    provider_model: "gpt-4o",
    catalogue_version: "0.1.8",
  });
  // The name that its provider does not list is as unknown as before.
  expect((await call("house-model")).cost_usd).toBeNull();
});
