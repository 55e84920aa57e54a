// How a request's cost is explained: the price that held when each attempt began, its tokens class by class, to those who may see whose price it is.
import { afterAll, beforeAll, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { settledAttempt } from "../../../../test/support/ledger-records.ts";
import { type Person, person } from "../../../../test/support/people.ts";
import { costNanoUsd } from "../../../domain/price.ts";
import { factsOf, rowOf } from "../../prices/price-facts.ts";

const prices = {
  ...{ input: 1e9, cachedInput: 2e8, cacheWrite: 3e9, cacheWrite1h: 4e9, output: 5e9 },
  ...{ reasoning: 6e9, inputAudio: 7e9, cachedAudio: 8e9, outputAudio: 9e9 },
};
const origin = { source: "catalogue", provider: "openai", model: "gpt-4o", catalogueVersion: "0.1.8" } as const;
const facts = factsOf(origin, {
  prices,
  tiers: [{ aboveInputTokens: 5000, prices: { ...prices, input: 2e9 } }],
  requestNanoUsd: 12_000_000,
});
const usage = {
  ...{ inputTokens: 100, cachedInputTokens: 40, cacheWriteTokens: 30, outputTokens: 20, reasoningTokens: 10 },
  details: { cacheWrite1hTokens: 5, inputAudioTokens: 60, cachedAudioTokens: 1, outputAudioTokens: 2 },
};

let api: AdminApiUnderTest;
let member: Person;
beforeAll(async () => {
  api = await startAdminApi();
  member = await person(api, "member", "Mia");
  await api.storage.priceVersions.insertMissing([rowOf(facts, 1)]);
  const priced = (id: string, attemptNo: number, more: object) =>
    settledAttempt({
      id: `att_${id}_${attemptNo}`,
      requestId: `req_${id}`,
      attemptNo,
      userId: member.id,
      priceVersion: facts.price.version,
      ...more,
    });
  await api.storage.ledger.ingest([
    priced("one", 1, {
      usage: { ...usage, inputTokens: 9000, details: undefined },
      final: false,
      status: 503,
      error: "upstream_error",
      costNanoUsd: 1,
    }),
    priced("one", 2, { usage, costNanoUsd: costNanoUsd(usage, facts.price) }),
    priced("forgotten", 1, { priceVersion: "pv_nobody_wrote_down", costNanoUsd: 7 }),
  ]);
});
afterAll(() => api.close());

const partsOf = (attempt: { cost_parts: { kind: string; tokens: number; usd_per_million: number }[] }) =>
  Object.fromEntries(attempt.cost_parts.map(({ kind, tokens, usd_per_million }) => [kind, [tokens, usd_per_million]]));

it("each attempt shows its price and every class of tokens; with the price of the request they are its cost", async () => {
  const { attempts } = (await api.call("GET", "/requests/req_one")).body;
  const [failed, good] = attempts;
  expect(good.price).toMatchObject({
    ...{
      version: facts.price.version,
      source: "catalogue",
      provider: "openai",
      provider_model: "gpt-4o",
      catalogue_version: "0.1.8",
    },
    ...{ input_usd_per_million: 1, cached_audio_usd_per_million: 8, request_usd: 0.012 },
    tiers: [{ above_input_tokens: 5000, input_usd_per_million: 2, output_usd_per_million: 5 }],
  });
  expect(partsOf(good)).toEqual({
    ...{ input: [40, 1], input_audio: [60, 7], cached_input: [39, 0.2], cached_audio: [1, 8], cache_write: [25, 3] },
    ...{ cache_write_1h: [5, 4], output: [18, 5], output_audio: [2, 9], reasoning: [10, 6] },
  });
  const sum = good.cost_parts.reduce((total: number, { usd }: { usd: number }) => total + usd, good.price.request_usd);
  expect(sum).toBeCloseTo(good.cost_usd, 9);
  // Beyond the bound, another price holds for all of its tokens.
  expect(partsOf(failed).input).toEqual([9000, 2]);
});

it("a price that nobody has written down explains nothing, and the cost stays what it was", async () => {
  const { attempts } = (await api.call("GET", "/requests/req_forgotten")).body;
  expect(attempts[0]).toMatchObject({ price: null, cost_parts: [], cost_usd: 7e-9 });
});

it("lists don't explain", async () => {
  const { data } = (await api.call("GET", "/requests?search=req_one")).body;
  expect([data[0].attempts.length, data[0].attempts[1].price, data[0].attempts[1].cost_parts]).toEqual([2, undefined, undefined]);
});

it("a member sees what it cost, not at which provider", async () => {
  const { attempts } = (await member.call("GET", "/requests/req_one")).body;
  expect(attempts[1].price).toMatchObject({ provider: null, provider_model: null, input_usd_per_million: 1 });
  expect(attempts[1].cost_parts).toHaveLength(9);
});
