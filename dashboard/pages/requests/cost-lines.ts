// The arithmetic of what an attempt cost, line by line.

import type { AttemptBody } from "../../../src/api/requests.ts";

export interface CostLine {
  id: string;
  what: string;
  tokens: number | null;
  usdPerMillion: number | null;
  usd: number;
  isSum: boolean;
}

const kinds: Readonly<Record<string, string>> = {
  input: "Input",
  cached_input: "Cached input",
  cache_write: "Written to the cache",
  cache_write_1h: "Written to the cache for an hour",
  output: "Output",
  reasoning: "Reasoning",
  input_audio: "Audio input",
  cached_audio: "Cached audio input",
  output_audio: "Audio output",
  request: "The request itself",
};

/** Empty where the cost is not known. The last is the sum. */
export function costLines(attempt: AttemptBody): CostLine[] {
  const { cost_parts: parts = [], adjustments, cost_usd: cost, price } = attempt;
  if (cost === null) return [];
  const lines: CostLine[] = parts.map((part) => ({
    id: part.kind,
    what: kinds[part.kind] ?? part.kind.replaceAll("_", " "),
    tokens: part.tokens,
    usdPerMillion: part.usd_per_million,
    usd: part.usd,
    isSum: false,
  }));
  const flat = price?.request_usd ?? 0;
  if (flat !== 0) lines.push({ ...noTokens, id: "request", what: "The request itself", usd: flat });
  for (const [index, { usd }] of adjustments.entries()) {
    lines.push({ ...noTokens, id: `adjusted ${index}`, what: "Adjusted", usd });
  }
  return [...lines, { ...noTokens, id: "sum", what: "Together", usd: cost, isSum: true }];
}

const noTokens = { tokens: null, usdPerMillion: null, isSum: false } as const;
