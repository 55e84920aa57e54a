// What an attempt has used, read back from its row.
import { tokenDetailsOfStored } from "../../core/token-details.ts";
import type { TokenUsage } from "../../core/tokens.ts";
import type { AttemptRow } from "../../storage/ports/ledger.ts";

export function usageOfAttempt(row: AttemptRow): TokenUsage {
  const details = tokenDetailsOfStored(row.token_details);
  return {
    inputTokens: row.input_tokens,
    cachedInputTokens: row.cached_input_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    outputTokens: row.output_tokens,
    reasoningTokens: row.reasoning_tokens,
    ...(details === undefined ? {} : { details }),
  };
}
