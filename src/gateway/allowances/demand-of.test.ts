// What a call is taken to need at most, for every kind of call.
import { describe, expect, test } from "vitest";
import { noTokens } from "../../core/tokens.ts";
import type { Charge } from "../../domain/allowance.ts";
import { noLimits } from "../../domain/limits.ts";
import type { Price, TokenPrices } from "../../domain/price.ts";
import { JsonScanner } from "../body/json-scanner.ts";
import { type CallRoute, parseRoute } from "../route.ts";
import { demandOf } from "./demand-of.ts";
import { OutputEstimates } from "./output-estimates.ts";

const outputs = new OutputEstimates();
for (let left = 20; left > 0; left--) outputs.learn("m", { ...noTokens, outputTokens: 200 });
const typical = outputs.typical("m");
const held: Charge = { subject: "key:key_1", limits: { ...noLimits, tokensPerMinute: 1000 } };
const budgeted: Charge = {
  subject: "group:grp_1",
  limits: { ...noLimits, budget: { limitNanoUsd: 1, period: "day", timeZone: "UTC", unpriced: "deny" } },
};

/** Nano-dollars per million tokens: a token of price 1,000,000 costs one. */
function priceOf(prices: Partial<TokenPrices>, requestNanoUsd = 0): Price {
  const none = { input: 0, cachedInput: 0, cacheWrite: 0, cacheWrite1h: 0, output: 0, reasoning: 0 };
  const all = { ...none, inputAudio: 0, cachedAudio: 0, outputAudio: 0, ...prices };
  return { version: "v", prices: all, tiers: [], requestNanoUsd };
}

interface Question {
  method?: string;
  path: string;
  /** Null: no JSON. */
  body?: object | null;
  model?: string | null;
  prices?: readonly (Price | null)[];
  charges?: readonly Charge[];
}

function demand({ method = "POST", path, body = {}, model = "m", prices = [], charges = [held] }: Question) {
  const json = body === null ? "--boundary" : JSON.stringify(body);
  const scanner = new JsonScanner();
  try {
    scanner.write(Buffer.from(json));
  } catch {
    expect(body).toBeNull();
  }
  const route = parseRoute(method, path) as CallRoute;
  const asked = { route, tokens: scanner.asked(json.length), prices };
  return { ...demandOf({ method, model, payingGroupId: "grp_1" }, charges, outputs, asked), input: Math.ceil(json.length / 4) };
}

const generate = "/v1beta/models/m:generateContent";

describe("tokens", () => {
  test.each([
    ["chat", "/v1/chat/completions", { max_tokens: 50 }, 50],
    ["chat, the newer name", "/v1/chat/completions", { max_completion_tokens: 50 }, 50],
    ["chat, both: the larger", "/v1/chat/completions", { max_tokens: 5, max_completion_tokens: 50 }, 50],
    ["chat, several choices", "/v1/chat/completions", { max_tokens: 50, n: 4 }, 200],
    ["chat, endless choices", "/v1/chat/completions", { max_tokens: 50, n: 1e9 }, 6400],
    ["chat, odd choices", "/v1/chat/completions", { max_tokens: 50, n: "4" }, 50],
    ["completions", "/v1/completions", { max_tokens: 50, n: 2, best_of: 3 }, 150],
    ["responses", "/v1/responses", { max_output_tokens: 50, n: 4 }, 50],
    ["messages", "/v1/messages", { max_tokens: 50, n: 4 }, 50],
    ["gemini", generate, { generationConfig: { maxOutputTokens: 50 } }, 50],
    ["gemini, its other spelling", generate, { generation_config: { max_output_tokens: 50, candidate_count: 2 } }, 100],
    [
      "gemini's stream, several candidates",
      "/v1beta/models/m:streamGenerateContent?alt=sse",
      { generationConfig: { maxOutputTokens: 50, candidateCount: 3 } },
      150,
    ],
    ["a maximum of nothing", "/v1/chat/completions", { max_tokens: 0 }, 0],
    ["embeddings, which write nothing", "/v1/embeddings", { input: "Hi", max_tokens: 9 }, 0],
    ["a path that nobody knows: the largest", "/v1/something/new", { max_tokens: 5, max_output_tokens: 50 }, 50],
    ["a named endpoint", "/endpoints/e/v1/chat/completions", { max_tokens: 50 }, 50],
  ])("a stated maximum is no guess: %s", (_what, path, body, output) => {
    const { tokens, isGuess, input } = demand({ path, body });
    expect({ output: tokens - input, isGuess }).toEqual({ output, isGuess: false });
  });

  test.each([
    ["chat", "/v1/chat/completions", {}, 1],
    ["chat, several choices", "/v1/chat/completions", { n: 4 }, 4],
    [
      "chat, with the maximum of another dialect, which its endpoint would not heed",
      "/v1/chat/completions",
      { max_output_tokens: 1, generationConfig: { maxOutputTokens: 1 } },
      1,
    ],
    ["responses, with that of chat", "/v1/responses", { max_tokens: 1 }, 1],
    ["messages, with that of responses", "/v1/messages", { max_output_tokens: 1 }, 1],
    ["gemini, with that of chat", generate, { max_tokens: 1 }, 1],
    ["a maximum that is none", "/v1/chat/completions", { max_tokens: "50" }, 1],
    ["a negative one", "/v1/chat/completions", { max_tokens: -50 }, 1],
    ["images", "/v1/images/generations", { prompt: "a cat", n: 2 }, 2],
  ])("without one it is what answers of the model usually have: %s", (_what, path, body, answers) => {
    const { tokens, isGuess, input } = demand({ path, body });
    expect({ output: tokens - input, isGuess }).toEqual({ output: answers * typical, isGuess: true });
    expect(typical).toBeLessThan(1024);
  });

  test("a model that nobody knows anything of, or none, is taken for 1,024", () => {
    for (const model of ["new", null]) {
      const { tokens, input } = demand({ path: "/v1/chat/completions", model });
      expect(tokens - input).toBe(1024);
    }
  });

  test("a body that is no JSON says nothing of its input: it counts when the call is over", () => {
    expect(demand({ path: "/v1/audio/transcriptions", body: null })).toMatchObject({ tokens: typical, isGuess: true });
  });

  test("a picture is no million tokens", () => {
    const url = `data:image/png;base64,${"iVBORw0KGgo".repeat(400_000)}`;
    const body = { max_tokens: 10, messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] };
    expect(demand({ path: "/v1/chat/completions", body }).tokens).toBeLessThan(1700);
  });

  test("what is looked at, counted or cancelled takes none", () => {
    for (const [method, path] of [
      ["GET", "/v1/responses/resp_1"],
      ["DELETE", "/v1/responses/resp_1"],
      ["POST", "/v1/responses/resp_1/cancel"],
      ["POST", "/v1/messages/count_tokens"],
      ["POST", "/v1beta/models/m:countTokens"],
    ] as const) {
      expect(demand({ method, path, charges: [budgeted] })).toMatchObject({ tokens: 0, costNanoUsd: 0, isGuess: false });
    }
  });
});

describe("cost", () => {
  const ask = (prices: readonly (Price | null)[], charges: readonly Charge[] = [held, budgeted], more: object = {}) =>
    demand({ path: "/v1/chat/completions", body: { max_tokens: 100, ...more }, prices, charges });
  /** 5: the body is 18 bytes. */
  const input = 5;

  test("is that of the dearest deployment, each request's own price with it", () => {
    const cheap = priceOf({ input: 1e6, output: 2e6 });
    const dear = priceOf({ input: 2e6, output: 2e6 }, 7);
    expect(ask([cheap]).costNanoUsd).toBe(input + 200);
    expect(ask([cheap, dear, cheap]).costNanoUsd).toBe(2 * input + 200 + 7);
  });

  test("takes reasoning and what is written to a cache at their prices where they are dearer", () => {
    expect(ask([priceOf({ output: 1e6, reasoning: 3e6 })]).costNanoUsd).toBe(300);
    expect(ask([priceOf({ input: 4e6, cacheWrite: 5e6 })]).costNanoUsd).toBe(5 * input);
    expect(ask([priceOf({ input: 4e6, cacheWrite: 5e6, cacheWrite1h: 8e6 })]).costNanoUsd).toBe(8 * input);
    expect(ask([priceOf({ input: 4e6, cacheWrite: 5e6, output: 1e6, reasoning: 3e6 })]).costNanoUsd).toBe(5 * input + 300);
  });

  test("counts every choice", () => {
    expect(ask([priceOf({ output: 1e6 })], [budgeted], { n: 3 }).costNanoUsd).toBe(300);
  });

  test("is unknown as soon as one deployment has no price, and when there is none", () => {
    expect(ask([priceOf({ output: 1e6 }), null]).costNanoUsd).toBeNull();
    expect(ask([null]).costNanoUsd).toBeNull();
    expect(ask([]).costNanoUsd).toBeNull();
  });

  test("is nothing where it is free, and is not asked for without a budget", () => {
    expect(ask([priceOf({})]).costNanoUsd).toBe(0);
    expect(ask([null], [held]).costNanoUsd).toBe(0);
  });
});

test("says who is charged and who pays", () => {
  expect(demand({ path: "/v1/chat/completions", charges: [held, budgeted] })).toMatchObject({
    charges: [held, budgeted],
    payer: "group:grp_1",
  });
});
