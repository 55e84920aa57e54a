// Adds the details of a usage to it: those that there are, none above the class that it is a share of.
import type { TokenDetails, TokenUsage } from "../../core/tokens.ts";

/** Of each detail the class that it is a share of. */
const classes = {
  cacheWrite1hTokens: "cacheWriteTokens",
  inputAudioTokens: "inputTokens",
  cachedAudioTokens: "cachedInputTokens",
  outputAudioTokens: "outputTokens",
} as const satisfies Record<keyof TokenDetails, keyof TokenUsage>;
const names = Object.keys(classes) as (keyof TokenDetails)[];

/** `usage` itself, with `details` cut down to its classes; without details where none is left. */
export function usageWith(usage: Omit<TokenUsage, "details">, details: TokenDetails | undefined): TokenUsage {
  if (details === undefined) return usage;
  let kept: TokenDetails | undefined;
  for (const name of names) {
    const tokens = Math.min(details[name] ?? 0, usage[classes[name]]);
    if (tokens <= 0) continue;
    kept ??= {};
    kept[name] = tokens;
  }
  return kept === undefined ? usage : { ...usage, details: kept };
}
