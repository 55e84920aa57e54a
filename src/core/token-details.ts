// Details of token usage as one stored text, and back.
import type { TokenDetails } from "./tokens.ts";

const names = [
  "cacheWrite1hTokens",
  "inputAudioTokens",
  "cachedAudioTokens",
  "outputAudioTokens",
] as const satisfies (keyof TokenDetails)[];

/** As of all counts of tokens in the ledger: providers send what they like. */
const mostTokens = 2 ** 40;

/** JSON of those that there are, known names with whole numbers of tokens only; null when there are none. */
export function tokenDetailsColumnOf(details: TokenDetails | null | undefined): string | null {
  // Of nearly all attempts.
  if (details === undefined || details === null) return null;
  const clean = cleanDetails(details as Record<string, unknown>);
  return clean === undefined ? null : JSON.stringify(clean);
}

/** What `tokenDetailsColumnOf` has made; undefined for null, and for anything that it would not have made. */
export function tokenDetailsOfStored(column: string | null): TokenDetails | undefined {
  if (column === null) return undefined;
  try {
    const parsed: unknown = JSON.parse(column);
    return typeof parsed === "object" && parsed !== null ? cleanDetails(parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function cleanDetails(given: Record<string, unknown>): TokenDetails | undefined {
  const clean: TokenDetails = {};
  let isEmpty = true;
  for (const name of names) {
    const count = Object.hasOwn(given, name) ? given[name] : undefined;
    if (typeof count !== "number" || !Number.isFinite(count)) continue;
    const tokens = Math.min(Math.round(count), mostTokens);
    if (tokens <= 0) continue;
    clean[name] = tokens;
    isEmpty = false;
  }
  return isEmpty ? undefined : clean;
}
