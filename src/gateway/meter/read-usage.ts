// Turns any provider's usage object into the one normal form, whose token classes are disjoint.
import type { TokenDetails, TokenUsage } from "../../core/tokens.ts";
import { readGeminiUsage } from "./read-gemini-usage.ts";
import { count, isObject, type JsonObject, part } from "./usage-parts.ts";
import { usageWith } from "./usage-with.ts";

/**
 * Recognises by their keys: OpenAI's chat, completions and embeddings (`prompt_tokens`), OpenAI's Responses and Anthropic
 * (`input_tokens`), Gemini (`promptTokenCount`), Cohere (`billed_units`), and a bare `total_tokens` (embeddings, reranking). Null for
 * anything else. Counts that are negative, no integers or absurd are taken for missing.
 */
export function readUsage(usage: unknown): TokenUsage | null {
  if (!isObject(usage)) return null;
  const prompt = count(usage.prompt_tokens);
  const completion = count(usage.completion_tokens);
  if (prompt !== null || completion !== null) return readChatUsage(usage, prompt ?? 0, completion ?? 0);
  const input = count(usage.input_tokens);
  const output = count(usage.output_tokens);
  if (input !== null || output !== null) {
    const isAnthropic =
      "cache_read_input_tokens" in usage || "cache_creation_input_tokens" in usage || isObject(usage.cache_creation);
    return (isAnthropic ? readAnthropicUsage : readResponsesUsage)(usage, input ?? 0, output ?? 0);
  }
  const total = count(usage.total_tokens);
  // Of Cohere's two counts that which is charged for: the other has words of its own in the prompt.
  const billed = part(usage.billed_units);
  const [billedInput, billedOutput] = [count(billed.input_tokens), count(billed.output_tokens)];
  if (billedInput !== null || billedOutput !== null) {
    return inclusive({ input: billedInput ?? 0, output: billedOutput ?? 0, total: null });
  }
  return readGeminiUsage(usage) ?? (total === null ? null : inclusive({ input: total, output: 0, total: null }));
}

function readChatUsage(usage: JsonObject, input: number, output: number): TokenUsage {
  const ofPrompt = part(usage.prompt_tokens_details);
  const ofCompletion = part(usage.completion_tokens_details);
  return inclusive({
    input,
    // DeepSeek and Moonshot have names of their own for what is part of prompt_tokens.
    cached: count(ofPrompt.cached_tokens) ?? count(usage.prompt_cache_hit_tokens) ?? count(usage.cached_tokens),
    cacheWrite: count(ofPrompt.cache_write_tokens),
    output,
    reasoning: count(ofCompletion.reasoning_tokens),
    total: count(usage.total_tokens),
    ...audioOf(ofPrompt, ofCompletion),
  });
}

/** The Responses, and what has its form: images, transcriptions and the realtime API, which says `input_token_details`. */
function readResponsesUsage(usage: JsonObject, input: number, output: number): TokenUsage {
  const ofInput = part(usage.input_tokens_details ?? usage.input_token_details);
  const ofOutput = part(usage.output_tokens_details ?? usage.output_token_details);
  return inclusive({
    input,
    cached: count(ofInput.cached_tokens),
    cacheWrite: count(ofInput.cache_write_tokens),
    output,
    reasoning: count(ofOutput.reasoning_tokens) ?? count(ofOutput.thinking_tokens),
    total: count(usage.total_tokens),
    ...audioOf(ofInput, ofOutput),
  });
}

/** Anthropic: what the cache has read or written comes on top of the input. */
function readAnthropicUsage(usage: JsonObject, input: number, output: number): TokenUsage {
  const written = part(usage.cache_creation);
  const forAnHour = count(written.ephemeral_1h_input_tokens) ?? 0;
  const ofOutput = part(usage.output_tokens_details);
  const thinking = Math.min(count(ofOutput.thinking_tokens) ?? count(ofOutput.reasoning_tokens) ?? 0, output);
  return usageWith(
    {
      inputTokens: input,
      cachedInputTokens: count(usage.cache_read_input_tokens) ?? 0,
      cacheWriteTokens: count(usage.cache_creation_input_tokens) ?? forAnHour + (count(written.ephemeral_5m_input_tokens) ?? 0),
      outputTokens: output - thinking,
      reasoningTokens: thinking,
    },
    { cacheWrite1hTokens: forAnHour },
  );
}

interface InclusiveCounts {
  /** With what was cached or written. */
  input: number;
  cached?: number | null;
  cacheWrite?: number | null;
  output: number;
  /** Part of `output`, unless the total says that it comes on top (xAI). */
  reasoning?: number | null;
  total: number | null;
  /** Of `input`, cached or not. */
  inputAudio?: number | null;
  cachedAudio?: number | null;
  outputAudio?: number | null;
}

function audioOf(ofInput: JsonObject, ofOutput: JsonObject) {
  return {
    inputAudio: count(ofInput.audio_tokens),
    cachedAudio: count(part(ofInput.cached_tokens_details).audio_tokens),
    outputAudio: count(ofOutput.audio_tokens),
  };
}

function inclusive(counts: InclusiveCounts): TokenUsage {
  const { input, output, total } = counts;
  const cachedInputTokens = Math.min(counts.cached ?? 0, input);
  const cacheWriteTokens = Math.min(counts.cacheWrite ?? 0, input - cachedInputTokens);
  const reasoning = counts.reasoning ?? 0;
  // More reasoning than output can't be part of it, unless the total leaves no room for both.
  const room = total === null || total < input + output ? null : total - input - output;
  const onTop = reasoning > output ? room === null || room >= reasoning : room === reasoning;
  const reasoningTokens = onTop ? reasoning : Math.min(reasoning, output);
  const cachedAudio = Math.min(counts.cachedAudio ?? 0, cachedInputTokens);
  const details: TokenDetails = {
    inputAudioTokens: (counts.inputAudio ?? 0) - cachedAudio,
    cachedAudioTokens: cachedAudio,
    outputAudioTokens: counts.outputAudio ?? 0,
  };
  return usageWith(
    {
      inputTokens: input - cachedInputTokens - cacheWriteTokens,
      cachedInputTokens,
      cacheWriteTokens,
      outputTokens: onTop ? output : output - reasoningTokens,
      reasoningTokens,
    },
    details,
  );
}
