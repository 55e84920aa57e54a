// Turns any provider's usage object into the one normal form, whose token classes are disjoint.
import type { TokenUsage } from "../../core/tokens.ts";

/** A count beyond this is a provider's mistake. */
const tokensMax = 1_000_000_000;

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Recognises by their keys: OpenAI's chat, completions and embeddings (`prompt_tokens`), OpenAI's Responses and Anthropic
 * (`input_tokens`), Gemini (`promptTokenCount`), and a bare `total_tokens` (embeddings, reranking). Null for anything else.
 * Counts that are negative, no integers or absurd are taken for missing.
 */
export function readUsage(usage: unknown): TokenUsage | null {
  if (!isObject(usage)) return null;
  const total = count(usage.total_tokens);
  const prompt = count(usage.prompt_tokens);
  const completion = count(usage.completion_tokens);
  if (prompt !== null || completion !== null) {
    const details = part(usage.prompt_tokens_details);
    // DeepSeek and Moonshot have names of their own for what is part of prompt_tokens.
    const cached = count(details.cached_tokens) ?? count(usage.prompt_cache_hit_tokens) ?? count(usage.cached_tokens);
    const reasoning = count(part(usage.completion_tokens_details).reasoning_tokens);
    return inclusive(prompt ?? 0, cached ?? 0, count(details.cache_write_tokens) ?? 0, completion ?? 0, reasoning ?? 0, total);
  }
  const input = count(usage.input_tokens);
  const output = count(usage.output_tokens);
  if (input !== null || output !== null) {
    const outputDetails = part(usage.output_tokens_details);
    const reasoning = count(outputDetails.reasoning_tokens) ?? count(outputDetails.thinking_tokens) ?? 0;
    if ("cache_read_input_tokens" in usage || "cache_creation_input_tokens" in usage) {
      const thinking = Math.min(reasoning, output ?? 0);
      return {
        inputTokens: input ?? 0,
        cachedInputTokens: count(usage.cache_read_input_tokens) ?? 0,
        cacheWriteTokens: count(usage.cache_creation_input_tokens) ?? 0,
        outputTokens: (output ?? 0) - thinking,
        reasoningTokens: thinking,
      };
    }
    const details = part(usage.input_tokens_details);
    const cacheWrite = count(details.cache_write_tokens) ?? 0;
    return inclusive(input ?? 0, count(details.cached_tokens) ?? 0, cacheWrite, output ?? 0, reasoning, total);
  }
  return readGeminiUsage(usage) ?? (total === null ? null : inclusive(total, 0, 0, 0, 0, null));
}

/** Gemini: thoughts stand beside the candidates, the tools' share of the prompt beside the prompt. */
function readGeminiUsage(usage: JsonObject): TokenUsage | null {
  const prompt = count(usage.promptTokenCount);
  const candidates = count(usage.candidatesTokenCount);
  const thoughts = count(usage.thoughtsTokenCount);
  if (prompt === null && candidates === null && thoughts === null) return null;
  const cached = Math.min(count(usage.cachedContentTokenCount) ?? 0, prompt ?? 0);
  return {
    inputTokens: (prompt ?? 0) - cached + (count(usage.toolUsePromptTokenCount) ?? 0),
    cachedInputTokens: cached,
    cacheWriteTokens: 0,
    outputTokens: candidates ?? 0,
    reasoningTokens: thoughts ?? 0,
  };
}

/** Cached and written tokens are part of `input`; `reasoning` is part of `output`, unless the total says that it comes on top (xAI). */
function inclusive(
  input: number,
  cached: number,
  cacheWrite: number,
  output: number,
  reasoning: number,
  total: number | null,
): TokenUsage {
  const cachedInputTokens = Math.min(cached, input);
  const cacheWriteTokens = Math.min(cacheWrite, input - cachedInputTokens);
  const onTop = reasoning > 0 && (total === input + output + reasoning || reasoning > output);
  return {
    inputTokens: input - cachedInputTokens - cacheWriteTokens,
    cachedInputTokens,
    cacheWriteTokens,
    outputTokens: onTop ? output : output - reasoning,
    reasoningTokens: reasoning,
  };
}

function count(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= tokensMax ? value : null;
}

function part(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
