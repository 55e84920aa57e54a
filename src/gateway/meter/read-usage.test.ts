// The normal form never counts a token twice and never goes below zero.
import fc from "fast-check";
import { expect, test } from "vitest";
import { findLastUsage } from "./find-usage.ts";
import { readUsage } from "./read-usage.ts";

const count = fc.oneof(fc.nat({ max: 100_000 }), fc.constantFrom(null, undefined, -1, 1.5, 1e300, "7", Number.NaN));
const record = <K extends string>(...keys: K[]): fc.Arbitrary<Record<K, unknown>> =>
  fc
    .tuple(...keys.map(() => count))
    .map((counts) => Object.fromEntries(keys.map((key, at) => [key, counts[at]])) as Record<K, unknown>);

const sum = (usage: ReturnType<typeof readUsage>) => (usage === null ? 0 : Object.values(usage).reduce((a, b) => a + b, 0));
const valid = (value: unknown): number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 1e9 ? value : 0;

test("OpenAI's cached and reasoning tokens are parts: the classes add up to prompt and completion", () => {
  const usage = fc
    .tuple(
      record("prompt_tokens", "completion_tokens"),
      record("cached_tokens", "cache_write_tokens"),
      record("reasoning_tokens"),
    )
    .map(([counts, prompt, completion]) => ({ ...counts, prompt_tokens_details: prompt, completion_tokens_details: completion }));
  fc.assert(
    fc.property(usage, (one) => {
      const read = readUsage(one);
      const reasoning = valid(one.completion_tokens_details.reasoning_tokens);
      const completion = valid(one.completion_tokens);
      // More reasoning than completion: it comes on top.
      if (read !== null) expect(sum(read)).toBe(valid(one.prompt_tokens) + completion + (reasoning > completion ? reasoning : 0));
      for (const part of Object.values(read ?? {})) expect(part).toBeGreaterThanOrEqual(0);
    }),
  );
});

test("Anthropic's cache tokens come on top of the input", () => {
  const keys = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens"] as const;
  fc.assert(
    fc.property(record(...keys), (one) => {
      const read = readUsage(one);
      if (read !== null) expect(sum(read)).toBe(keys.reduce((total, key) => total + valid(one[key]), 0));
    }),
  );
});

test("other shapes are none", () => {
  for (const value of [null, undefined, 5, "x", [], {}, { input_tokens: "5" }, { type: "duration", seconds: 3 }]) {
    expect(readUsage(value)).toBe(null);
  }
});

test("the last recognised usage is found in any bytes, and broken ones are passed over", () => {
  const find = (text: string) => findLastUsage(Buffer.from(text))?.inputTokens ?? null;
  expect(find('x"usage":{"prompt_tokens":1},"usage" : {"prompt_tokens":2,"s":"}{\\""} tail')).toBe(2);
  expect(find('"usage":{"prompt_tokens":1},"usage":null,"usage":{"a":1},"usage":{"prompt_tokens":')).toBe(1);
  expect(find('"usageMetadata":{"promptTokenCount":4},"usageX":{"prompt_tokens":1}')).toBe(4);
  expect(find('{"text":"\\"usage\\":{\\"prompt_tokens\\":9}"}')).toBe(null);
  expect(find('"usage":{'.repeat(100_000))).toBe(null);
});
