// The one normal form of token usage. Classes are disjoint: a token is counted in exactly one of them.

/** Token counts of one attempt. `outputTokens` excludes reasoning, `inputTokens` excludes cached and cache-write tokens. */
export interface TokenUsage {
  inputTokens: number;
  cachedInputTokens: number;
  cacheWriteTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  /** Parts of the classes above that have prices of their own; missing: none. */
  details?: TokenDetails;
}

/** Shares of the classes of TokenUsage: no tokens beside those. */
export interface TokenDetails {
  /** Of `cacheWriteTokens`: kept for an hour (Anthropic). */
  cacheWrite1hTokens?: number;
  /** Of `inputTokens`. */
  inputAudioTokens?: number;
  /** Of `cachedInputTokens`. */
  cachedAudioTokens?: number;
  /** Of `outputTokens`. */
  outputAudioTokens?: number;
}

/** All classes together. */
export function totalTokens(usage: TokenUsage): number {
  const { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens } = usage;
  return inputTokens + cachedInputTokens + cacheWriteTokens + outputTokens + reasoningTokens;
}

export const noTokens: Readonly<TokenUsage> = Object.freeze({
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
});

/** Input alone, none of it from a cache. */
export function inputUsage(inputTokens: number): TokenUsage {
  return { inputTokens, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0 };
}

/** Rough tokens in `bytes` of text or JSON (4 bytes a token, the providers' own rule of thumb); never a tokenizer on the event loop. */
export function estimateTokens(bytes: number): number {
  return Math.ceil(bytes / 4);
}
