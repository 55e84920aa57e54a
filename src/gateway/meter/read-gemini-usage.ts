// Gemini's `usageMetadata` in the normal form.
import type { TokenUsage } from "../../core/tokens.ts";
import { count, isObject, type JsonObject } from "./usage-parts.ts";
import { usageWith } from "./usage-with.ts";

/** Thoughts stand beside the candidates, the tools' share of the prompt beside the prompt; what is cached is part of the prompt. Null: it is none. */
export function readGeminiUsage(usage: JsonObject): TokenUsage | null {
  const prompt = count(usage.promptTokenCount);
  const candidates = count(usage.candidatesTokenCount);
  const thoughts = count(usage.thoughtsTokenCount);
  if (prompt === null && candidates === null && thoughts === null) return null;
  const cached = Math.min(count(usage.cachedContentTokenCount) ?? 0, prompt ?? 0);
  const tools = count(usage.toolUsePromptTokenCount) ?? 0;
  const total = count(usage.totalTokenCount);
  const withoutThoughts = (prompt ?? 0) + (candidates ?? 0);
  // Some models count them with the candidates: then the total has no room for them.
  const isInside = total !== null && (total === withoutThoughts || total === withoutThoughts + tools);
  const reasoningTokens = isInside ? Math.min(thoughts ?? 0, candidates ?? 0) : (thoughts ?? 0);
  const cachedAudio = Math.min(audioIn(usage.cacheTokensDetails), cached);
  return usageWith(
    {
      inputTokens: (prompt ?? 0) - cached + tools,
      cachedInputTokens: cached,
      cacheWriteTokens: 0,
      outputTokens: (candidates ?? 0) - (isInside ? reasoningTokens : 0),
      reasoningTokens,
    },
    {
      inputAudioTokens: audioIn(usage.promptTokensDetails) - cachedAudio + audioIn(usage.toolUsePromptTokensDetails),
      cachedAudioTokens: cachedAudio,
      outputAudioTokens: audioIn(usage.candidatesTokensDetails),
    },
  );
}

/** Of a list of `{modality, tokenCount}`. */
function audioIn(details: unknown): number {
  if (!Array.isArray(details)) return 0;
  let sum = 0;
  for (const one of details as unknown[]) if (isObject(one) && one.modality === "AUDIO") sum += count(one.tokenCount) ?? 0;
  return sum;
}
