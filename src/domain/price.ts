// What tokens cost. Money is in whole nano-dollars; prices are whole nano-dollars per million tokens, so that no cent is lost to fractions.
import { type TokenUsage, totalTokens } from "../core/tokens.ts";

/** Nano-dollars per million tokens of each class. */
export interface TokenPrices {
  input: number;
  cachedInput: number;
  cacheWrite: number;
  /** Of cache writes that are kept for an hour (Anthropic). */
  cacheWrite1h: number;
  output: number;
  reasoning: number;
  inputAudio: number;
  cachedAudio: number;
  outputAudio: number;
}

/** Where the input of a request, all classes together, is larger than `aboveInputTokens`, these hold for all of its tokens. */
export interface PriceTier {
  aboveInputTokens: number;
  prices: TokenPrices;
}

/** Of one model at one endpoint. Immutable: another price has another version. */
export interface Price {
  /** Stored with what it was used for; table `price_versions` says what it was. */
  version: string;
  prices: TokenPrices;
  /** From the lowest bound up. */
  tiers: readonly PriceTier[];
  /** Of each request, whatever its tokens; nano-dollars. */
  requestNanoUsd: number;
}

/** Those that hold for a request of this size. */
export function pricesFor({ prices, tiers }: Price, inputTokens: number): TokenPrices {
  let found = prices;
  for (const tier of tiers) if (inputTokens > tier.aboveInputTokens) found = tier.prices;
  return found;
}

/** A share of an attempt's cost: so many tokens at a price. */
export interface CostPart {
  kind: keyof TokenPrices;
  tokens: number;
  nanoUsdPerMillion: number;
}

/**
 * What an attempt with this end cost. Where nothing was used, the price of a request is not charged either when nothing was answered, or
 * when something was only looked at or deleted.
 */
export function costOfAttempt(usage: TokenUsage, price: Price, { method, status }: { method: string; status: number }): number {
  const isFree = totalTokens(usage) === 0 && (status >= 400 || method !== "POST");
  return isFree ? 0 : costNanoUsd(usage, price);
}

/** What tokens cost, rounded half up to whole nano-dollars once, over the sum. */
export function costNanoUsd(usage: TokenUsage, price: Price): number {
  const { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens, details } = usage;
  if (details !== undefined) return costOfParts(costParts(usage, price), price);
  // The usual case, without a list of its parts: every call comes here several times.
  const prices = pricesFor(price, inputTokens + cachedInputTokens + cacheWriteTokens);
  const total =
    inputTokens * prices.input +
    cachedInputTokens * prices.cachedInput +
    cacheWriteTokens * prices.cacheWrite +
    outputTokens * prices.output +
    reasoningTokens * prices.reasoning;
  if (!isExact(total)) return costOfParts(costParts(usage, price), price);
  return rounded(total, price);
}

/** The most that so many tokens can cost: whatever the classes of input and output in which they turn out to be, audio left aside. */
export function costNanoUsdMax(inputTokens: number, outputTokens: number, price: Price): number {
  const prices = pricesFor(price, inputTokens);
  const total =
    inputTokens * Math.max(prices.input, prices.cacheWrite, prices.cacheWrite1h) +
    outputTokens * Math.max(prices.output, prices.reasoning);
  return rounded(total, price);
}

function costOfParts(parts: readonly CostPart[], price: Price): number {
  let total = 0;
  for (const { tokens, nanoUsdPerMillion } of parts) total += tokens * nanoUsdPerMillion;
  return isExact(total) ? rounded(total, price) : exactCost(parts) + price.requestNanoUsd;
}

/** Beyond this, sums of doubles lose units: only absurd counts of tokens get there. */
function isExact(total: number): boolean {
  return total < Number.MAX_SAFE_INTEGER - 500_000;
}

function rounded(total: number, { requestNanoUsd }: Price): number {
  return Math.floor((total + 500_000) / 1_000_000) + requestNanoUsd;
}

/** The classes that there were tokens of. */
export function costParts(usage: TokenUsage, price: Price): CostPart[] {
  const { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens, details } = usage;
  const prices = pricesFor(price, inputTokens + cachedInputTokens + cacheWriteTokens);
  const parts: CostPart[] = [];
  const add = (kind: keyof TokenPrices, tokens: number) => {
    if (tokens > 0) parts.push({ kind, tokens, nanoUsdPerMillion: prices[kind] });
  };
  const inputAudio = Math.min(details?.inputAudioTokens ?? 0, inputTokens);
  const cachedAudio = Math.min(details?.cachedAudioTokens ?? 0, cachedInputTokens);
  const outputAudio = Math.min(details?.outputAudioTokens ?? 0, outputTokens);
  const write1h = Math.min(details?.cacheWrite1hTokens ?? 0, cacheWriteTokens);
  add("input", inputTokens - inputAudio);
  add("inputAudio", inputAudio);
  add("cachedInput", cachedInputTokens - cachedAudio);
  add("cachedAudio", cachedAudio);
  add("cacheWrite", cacheWriteTokens - write1h);
  add("cacheWrite1h", write1h);
  add("output", outputTokens - outputAudio);
  add("outputAudio", outputAudio);
  add("reasoning", reasoningTokens);
  return parts;
}

function exactCost(parts: readonly CostPart[]): number {
  let total = 500_000n;
  for (const { tokens, nanoUsdPerMillion } of parts) total += BigInt(tokens) * BigInt(nanoUsdPerMillion);
  return Number(total / 1_000_000n);
}
