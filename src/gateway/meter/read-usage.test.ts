// The normal form never counts a token twice and never goes below zero.
import fc from "fast-check";
import { expect, test } from "vitest";
import { type TokenUsage, totalTokens } from "../../core/tokens.ts";
import { findLastUsage } from "./find-usage.ts";
import { readUsage } from "./read-usage.ts";

const count = fc.oneof(fc.nat({ max: 100_000 }), fc.constantFrom(null, undefined, -1, 1.5, 1e300, "7", Number.NaN));
const record = <K extends string>(...keys: K[]): fc.Arbitrary<Record<K, unknown>> =>
  fc
    .tuple(...keys.map(() => count))
    .map((counts) => Object.fromEntries(keys.map((key, at) => [key, counts[at]])) as Record<K, unknown>);

const sum = (usage: ReturnType<typeof readUsage>) => (usage === null ? 0 : totalTokens(usage));
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
      expectSound(read);
    }),
  );
});

function expectSound(usage: TokenUsage | null): void {
  if (usage === null) return;
  const { details = {}, ...classes } = usage;
  for (const tokens of Object.values(classes)) expect(Number.isSafeInteger(tokens) && tokens >= 0).toBe(true);
  for (const tokens of Object.values(details)) expect(Number.isSafeInteger(tokens) && tokens > 0).toBe(true);
  expect(details.cacheWrite1hTokens ?? 0).toBeLessThanOrEqual(usage.cacheWriteTokens);
  expect(details.inputAudioTokens ?? 0).toBeLessThanOrEqual(usage.inputTokens);
  expect(details.cachedAudioTokens ?? 0).toBeLessThanOrEqual(usage.cachedInputTokens);
  expect(details.outputAudioTokens ?? 0).toBeLessThanOrEqual(usage.outputTokens);
}

/** Few different counts, so that some agree with others, and sums with totals. */
const small = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom(null, -1, 1.5, 1e300, "7") },
);
const some = (...keys: string[]): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(Object.fromEntries(keys.map((key) => [key, small])), { requiredKeys: [] });
const ofPrompt = fc
  .tuple(
    some("cached_tokens", "cache_write_tokens", "audio_tokens", "text_tokens"),
    fc.option(some("audio_tokens", "text_tokens")),
  )
  .map(([counts, cached]) => ({ ...counts, cached_tokens_details: cached }));
const ofOutput = some("reasoning_tokens", "thinking_tokens", "audio_tokens", "text_tokens");
const modalities = fc.array(fc.record({ modality: fc.constantFrom("TEXT", "AUDIO", 5), tokenCount: small }), { maxLength: 3 });
/** Anything that providers have been seen to say, in any mixture within a dialect. */
const anyUsage = fc.oneof(
  fc
    .tuple(
      some("prompt_tokens", "completion_tokens", "total_tokens", "prompt_cache_hit_tokens", "cached_tokens"),
      fc.option(ofPrompt),
      fc.option(ofOutput),
    )
    .map(([counts, prompt, completion]) => ({ ...counts, prompt_tokens_details: prompt, completion_tokens_details: completion })),
  fc
    .tuple(some("input_tokens", "output_tokens", "total_tokens"), fc.option(ofPrompt), fc.option(ofOutput))
    .map(([counts, input, output]) => ({ ...counts, input_tokens_details: input, output_tokens_details: output })),
  fc
    .tuple(
      some("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
      fc.option(some("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")),
      fc.option(ofOutput),
    )
    .map(([counts, written, output]) => ({ ...counts, cache_creation: written, output_tokens_details: output })),
  fc
    .tuple(
      some(
        "promptTokenCount",
        "candidatesTokenCount",
        "thoughtsTokenCount",
        "cachedContentTokenCount",
        "toolUsePromptTokenCount",
        "totalTokenCount",
      ),
      fc.tuple(modalities, modalities, modalities, modalities),
    )
    .map(([counts, [prompt, cached, candidates, tools]]) => ({
      ...counts,
      promptTokensDetails: prompt,
      cacheTokensDetails: cached,
      candidatesTokensDetails: candidates,
      toolUsePromptTokensDetails: tools,
    })),
);

test("whatever a provider says: no class below zero, no detail above its class", () => {
  fc.assert(
    fc.property(anyUsage, (one) => expectSound(readUsage(one))),
    { numRuns: 5000 },
  );
});

test("where a provider says a total that holds its prompt and its completion, the classes never add up to more", () => {
  let checked = 0;
  fc.assert(
    fc.property(anyUsage, (given) => {
      const one: Record<string, unknown> = given;
      const total = valid(one.total_tokens ?? one.totalTokenCount);
      const tools = valid(one.toolUsePromptTokenCount);
      const input = valid(one.prompt_tokens ?? one.input_tokens ?? one.promptTokenCount) + tools;
      const output = valid(one.completion_tokens ?? one.output_tokens ?? one.candidatesTokenCount);
      // A smaller one contradicts itself (some servers send 0): then what it says of the parts is what counts.
      const isSaid = total > 0 && !("cache_creation" in one) && total >= input + output;
      // Gemini says thoughts beside both, and a total without room for them only where they are part of the candidates.
      const thoughts = valid(one.thoughtsTokenCount);
      if (!isSaid || (thoughts > 0 && total !== input + output && total < input + output + thoughts)) return;
      checked++;
      expect(sum(readUsage(one))).toBeLessThanOrEqual(total);
    }),
    { numRuns: 5000 },
  );
  expect(checked).toBeGreaterThan(300);
});

test("a total of nothing makes no answer free", () => {
  expect(sum(readUsage({ prompt_tokens: 19, completion_tokens: 10, total_tokens: 0 }))).toBe(29);
});

test("what a provider says of audio that was cached is no audio of the input as well", () => {
  const details = { cached_tokens: 30, audio_tokens: 50, cached_tokens_details: { audio_tokens: 20 } };
  expect(readUsage({ prompt_tokens: 100, completion_tokens: 0, prompt_tokens_details: details })).toEqual({
    inputTokens: 70,
    cachedInputTokens: 30,
    cacheWriteTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    details: { inputAudioTokens: 30, cachedAudioTokens: 20 },
  });
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
