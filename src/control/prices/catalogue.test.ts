// A price is found by the endpoint's URL and the provider's id of the model: never by the name of a model alone.
import { beforeAll, expect, test } from "vitest";
import { Catalogue } from "./catalogue.ts";

const catalogue = new Catalogue();
beforeAll(() => catalogue.prepare([]));

const found = (url: string, upstreamModel: string) => {
  const model = catalogue.find({ url, upstreamModel });
  return model === null ? null : `${model.provider}/${model.model}`;
};

test.each([
  ["https://api.openai.com/v1", "gpt-4o", "openai/gpt-4o"],
  ["https://api.openai.com", "gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini"],
  ["https://api.anthropic.com", "claude-sonnet-4-20250514", "anthropic/claude-sonnet-4-0"],
  ["https://generativelanguage.googleapis.com/v1beta", "gemini-2.5-flash", "google/gemini-2.5-flash"],
  ["https://generativelanguage.googleapis.com/v1beta/openai", "gemini-2.5-flash", "google/gemini-2.5-flash"],
  ["https://my-resource.openai.azure.com", "gpt-4o", "azure/gpt-4o"],
  ["https://my-resource.services.ai.azure.com/openai/v1", "gpt-4o", "azure/gpt-4o"],
  ["https://openrouter.ai/api/v1", "anthropic/claude-sonnet-4", "openrouter/anthropic/claude-sonnet-4"],
  ["https://api.groq.com/openai/v1", "llama-3.3-70b-versatile", "groq/llama-3.3-70b-versatile"],
  ["https://api.mistral.ai", "mistral-large-latest", "mistral/mistral-large"],
  ["https://api.moonshot.cn/v1", "kimi-k2.5", "moonshotai/kimi-k2.5"],
])("%s has %s", (url, model, expected) => {
  expect(found(url, model)).toBe(expected);
});

test.each([
  ["a private server, whatever its models are called", "http://vllm.internal:8000/v1", "gpt-4o"],
  ["an address", "http://127.0.0.1:1234/v1", "claude-sonnet-4-20250514"],
  ["a host whose name begins as a provider's", "https://api.openai.com.example.org/v1", "gpt-4o"],
  ["a user name that looks like a host", "https://api.openai.com@example.org/v1", "gpt-4o"],
  ["a model that its provider does not list", "https://api.openai.com/v1", "my-own-model"],
  ["a deployment on Azure of another name", "https://my-resource.openai.azure.com", "team-chat"],
])("%s has no price", (_, url, model) => {
  expect(found(url, model)).toBeNull();
});

test("thousands of models are looked up with calls going on in between", async () => {
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const models = Array.from({ length: 400 }, (_, index) => ({
    url: "https://openrouter.ai/api/v1",
    upstreamModel: `m-${index}`,
  }));
  await new Catalogue().prepare(models);
  isDone = true;
  expect(turns).toBeGreaterThan(10);
});
