// The Vercel AI SDK works through Headgate with each of its providers: OpenAI's two APIs, OpenAI-compatible, Anthropic.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { EmbeddingModel, LanguageModel } from "ai";
import { APICallError, embedMany, generateText, stepCountIs, streamText, tool } from "ai";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { scriptedVector } from "../support/provider/openai-embeddings.ts";
import type { Provider } from "../support/provider.ts";
import type { Target } from "./target.ts";
import { failureOf, models, startTarget, targetNames, withinOneSecond, wrongKey } from "./target.ts";

const text = "Hello from the scripted provider.";
const call = { prompt: "Hello?", maxOutputTokens: 100, maxRetries: 0 };

interface Flavour {
  name: string;
  provider(target: Target): Provider;
  model(target: Target, options?: { key?: string; model?: string }): LanguageModel;
}

const flavours: Flavour[] = [
  {
    name: "@ai-sdk/openai chat",
    provider: (target) => target.openai,
    model: ({ openaiClient }, { key = openaiClient.key, model = models.chat } = {}) =>
      createOpenAI({ baseURL: openaiClient.baseUrl, apiKey: key }).chat(model),
  },
  {
    name: "@ai-sdk/openai responses",
    provider: (target) => target.openai,
    model: ({ openaiClient }, { key = openaiClient.key, model = models.chat } = {}) =>
      createOpenAI({ baseURL: openaiClient.baseUrl, apiKey: key }).responses(model),
  },
  {
    name: "@ai-sdk/openai-compatible",
    provider: (target) => target.openai,
    model: ({ openaiClient }, { key = openaiClient.key, model = models.chat } = {}) =>
      createOpenAICompatible({ name: "headgate", baseURL: openaiClient.baseUrl, apiKey: key, includeUsage: true })(model),
  },
  {
    name: "@ai-sdk/anthropic",
    provider: (target) => target.anthropic,
    model: ({ anthropicClient }, { key = anthropicClient.key, model = models.anthropic } = {}) =>
      createAnthropic({ baseURL: anthropicClient.baseUrl, apiKey: key })(model),
  },
];

describe.each(targetNames)("Vercel ai, %s", (name) => {
  let target: Target;
  beforeAll(async () => {
    target = await startTarget(name);
  });
  afterEach(() => target.settle());
  afterAll(() => target.close());

  describe.each(flavours)("$name", (flavour) => {
    it("generates text, with usage", async () => {
      const result = await generateText({ model: flavour.model(target), ...call });
      expect(result.text).toBe(text);
      expect(result.finishReason).toBe("stop");
      expect(result.usage).toMatchObject({ inputTokens: 11, outputTokens: 7 });
    });

    it("streams text, with usage", async () => {
      const result = streamText({ model: flavour.model(target), ...call });
      const parts: string[] = [];
      for await (const part of result.textStream) parts.push(part);
      expect(parts.join("")).toBe(text);
      expect(parts.length).toBeGreaterThan(3);
      expect(await result.usage).toMatchObject({ inputTokens: 11, outputTokens: 7 });
    });

    it("runs a tool and goes on with its result, plain and streamed", async () => {
      const asked: unknown[] = [];
      const weather = tool({
        description: "The weather in a city",
        inputSchema: z.object({ city: z.string() }),
        execute: (input) => {
          asked.push(input);
          return "sunny";
        },
      });
      const options = { model: flavour.model(target), ...call, tools: { weather }, stopWhen: stepCountIs(3) };
      const plain = await generateText(options);
      const streamed = streamText(options);
      expect([plain.text, await streamed.text]).toEqual([text, text]);
      expect(plain.steps).toHaveLength(2);
      expect(asked).toEqual([{ city: "Paris" }, { city: "Paris" }]);
      const [, secondCall] = flavour.provider(target).calls;
      expect(secondCall?.text).toContain("sunny");
    });

    it.each([
      ["401 for a wrong key", 401, false, { key: wrongKey }],
      ["404 for an unknown model", 404, false, { model: "no-such-model" }],
    ] as const)("tells %s: APICallError", async (_title, statusCode, isRetryable, options) => {
      const error = await failureOf(generateText({ model: flavour.model(target, options), ...call }));
      expect(APICallError.isInstance(error)).toBe(true);
      expect(error).toMatchObject({ statusCode, isRetryable });
    });

    it.each([
      [400, false],
      [429, true],
    ])("passes a %i on with body and retry-after: APICallError", async (status, isRetryable) => {
      const body = { type: "error", error: { type: "some_type", message: "The provider's own words", param: null, code: null } };
      flavour.provider(target).next({ kind: "answer", status, headers: { "retry-after": "17" }, body });
      const error = await failureOf(generateText({ model: flavour.model(target), ...call }));
      expect(APICallError.isInstance(error)).toBe(true);
      const { responseHeaders } = error as APICallError;
      expect(error).toMatchObject({
        statusCode: status,
        isRetryable,
        message: "The provider's own words",
        responseBody: JSON.stringify(body),
      });
      expect(responseHeaders?.["retry-after"]).toBe("17");
      expect(responseHeaders?.["x-headgate-error-source"] ?? null).toBe(target.errorSource("upstream"));
    });

    it("ends the provider's stream within a second of an abort", async () => {
      const provider = flavour.provider(target);
      provider.next({ kind: "stall", afterChunks: 6 });
      const leaving = new AbortController();
      const result = streamText({ model: flavour.model(target), ...call, abortSignal: leaving.signal });
      for await (const part of result.fullStream) if (part.type === "text-delta") leaving.abort();
      await withinOneSecond(provider.take().aborted);
    });
  });

  it.each([
    [
      "@ai-sdk/openai",
      (baseURL: string, apiKey: string): EmbeddingModel => createOpenAI({ baseURL, apiKey }).embedding(models.embedding),
    ],
    [
      "@ai-sdk/openai-compatible",
      (baseURL: string, apiKey: string): EmbeddingModel =>
        createOpenAICompatible({ name: "headgate", baseURL, apiKey }).embeddingModel(models.embedding),
    ],
  ])("embeds with %s", async (_name, modelOf) => {
    const { baseUrl, key } = target.openaiClient;
    const result = await embedMany({ model: modelOf(baseUrl, key), values: ["one", "two"], maxRetries: 0 });
    expect(result.embeddings).toEqual([scriptedVector, scriptedVector]);
    expect(result.usage.tokens).toBe(11);
  });
});
