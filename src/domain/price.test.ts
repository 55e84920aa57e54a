// Costs are exact to the nano-dollar, whatever the counts and prices.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TokenUsage } from "../core/tokens.ts";
import { costNanoUsd, costOfAttempt, type Price, type TokenPrices } from "./price.ts";

const usage: TokenUsage = { inputTokens: 0, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0 };
/** $1 a million for input, $2 for cached input, and so on in the order of the fields. */
const [input, cachedInput, cacheWrite, cacheWrite1h, output, reasoning, inputAudio, cachedAudio, outputAudio] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9,
].map((usd) => usd * 1e9) as [number, number, number, number, number, number, number, number, number];
const prices: TokenPrices = {
  input,
  cachedInput,
  cacheWrite,
  cacheWrite1h,
  output,
  reasoning,
  inputAudio,
  cachedAudio,
  outputAudio,
};
const price: Price = { version: "pv", prices, tiers: [], requestNanoUsd: 0 };

describe("what tokens cost", () => {
  test("is the sum over all classes, each token in one of them", () => {
    const details = { cacheWrite1hTokens: 1, inputAudioTokens: 2, cachedAudioTokens: 3, outputAudioTokens: 4 };
    const used = { inputTokens: 10, cachedInputTokens: 10, cacheWriteTokens: 10, outputTokens: 10, reasoningTokens: 10, details };
    const usd = 8 * 1 + 2 * 7 + 7 * 2 + 3 * 8 + 9 * 3 + 1 * 4 + 6 * 5 + 4 * 9 + 10 * 6;
    expect(costNanoUsd(used, price)).toBe(usd * 1000);
  });

  test("is rounded once, half up", () => {
    const small: Price = { ...price, prices: { ...prices, input: 250_000, output: 250_000 } };
    expect(costNanoUsd({ ...usage, inputTokens: 1 }, small)).toBe(0);
    expect(costNanoUsd({ ...usage, inputTokens: 1, outputTokens: 1 }, small)).toBe(1);
  });

  test("goes by the tier of the whole input, from above its bound on", () => {
    const tier = { aboveInputTokens: 100, prices: { ...prices, input: 10 * input, output: 10 * output } };
    const tiered = { ...price, tiers: [tier] };
    const at = (inputTokens: number) =>
      costNanoUsd({ ...usage, inputTokens, cachedInputTokens: 50, outputTokens: 1 }, tiered) / 1000;
    expect(at(50)).toBe(50 + 100 + 5);
    expect(at(51)).toBe(510 + 100 + 50);
  });

  test("is exact where doubles are not", () => {
    const count = fc.nat(2 ** 40);
    const perMillion = fc.nat(1_000_000 * 1e9);
    fc.assert(
      fc.property(count, count, perMillion, perMillion, (inputTokens, outputTokens, ofInput, ofOutput) => {
        const one: Price = { ...price, prices: { ...prices, input: ofInput, output: ofOutput } };
        const exact = (BigInt(inputTokens) * BigInt(ofInput) + BigInt(outputTokens) * BigInt(ofOutput) + 500_000n) / 1_000_000n;
        expect(costNanoUsd({ ...usage, inputTokens, outputTokens }, one)).toBe(Number(exact));
      }),
    );
  });
});

test("the price of a request is charged for answers, not for failures or for what is looked at", () => {
  const perRequest = { ...price, requestNanoUsd: 7 };
  const cost = (method: string, status: number, used = usage) => costOfAttempt(used, perRequest, { method, status });
  expect(cost("POST", 200)).toBe(7);
  expect(cost("POST", 500)).toBe(0);
  expect(cost("GET", 200)).toBe(0);
  expect(cost("POST", 499, { ...usage, inputTokens: 1 })).toBe(1007);
});
