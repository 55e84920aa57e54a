// Usage of an answer whose provider said nothing, or whose end never came.
import { noTokens, type TokenUsage } from "../../core/tokens.ts";

/**
 * What is `known` so far, filled up: the input by its estimate when the provider never said it, the output raised to what was
 * seen of it.
 */
export function estimateUsage(known: TokenUsage | null, inputTokensEstimate: number, outputTokensSeen: number): TokenUsage {
  const usage = { ...(known ?? noTokens) };
  const input = usage.inputTokens + usage.cachedInputTokens + usage.cacheWriteTokens;
  if (input === 0) usage.inputTokens = inputTokensEstimate;
  usage.outputTokens = Math.max(usage.outputTokens, outputTokensSeen - usage.reasoningTokens);
  return usage;
}
