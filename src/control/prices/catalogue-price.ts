// Prices of the catalogue as ours. What it charges by image, video, citation, search, second, page or character has no counterpart here:
// image and video tokens cost what other tokens of their direction cost, and models without a price for input tokens have no price.
import type { ModelPrice, TieredPrices } from "@pydantic/genai-prices";
import type { Price, PriceTier, TokenPrices } from "../../domain/price.ts";
import type { CatalogueModel } from "./catalogue.ts";
import { type PricesOfDay, pricesOfDay } from "./prices-of-day.ts";

/** A price without its identity. */
export type PriceNumbers = Omit<Price, "version">;

/** What holds from `fromMs` until `untilMs`, ms; null: the catalogue names no price by tokens. */
export interface DatedNumbers extends Omit<PricesOfDay, "prices"> {
  numbers: PriceNumbers | null;
}

/** Where prices depend on the time of day, each class has its dearest of the day: a budget is not overrun by the hour. */
export function catalogueNumbers({ prices, upstreamModel }: CatalogueModel, nowMs: number): DatedNumbers {
  const { prices: ofDay, ...dates } = pricesOfDay(prices, nowMs);
  const all = ofDay.flatMap((each) => numbersOf(each, upstreamModel) ?? []);
  return { ...dates, numbers: all.length < ofDay.length ? null : dearest(all) };
}

type ListedPrice = number | TieredPrices;

/** A class that has no price of its own costs what the one around it costs, as in the package's calculation. */
function classesOf(listed: ModelPrice): Record<keyof TokenPrices, ListedPrice> {
  const input = listed.input_mtok ?? 0;
  const cachedInput = listed.cache_read_mtok ?? input;
  const cacheWrite = listed.cache_write_mtok ?? input;
  const output = listed.output_mtok ?? 0;
  const inputAudio = listed.input_audio_mtok ?? input;
  return {
    input,
    cachedInput,
    cacheWrite,
    cacheWrite1h: listed.cache_write_1h_mtok ?? cacheWrite,
    output,
    reasoning: listed.output_reasoning_mtok ?? output,
    inputAudio,
    cachedAudio: listed.cache_audio_read_mtok ?? listed.cache_read_mtok ?? inputAudio,
    outputAudio: listed.output_audio_mtok ?? output,
  };
}

function numbersOf(listed: ModelPrice, upstreamModel: string): PriceNumbers | null {
  // Nothing at all stands for "free" and for "not known" alike: only where the provider's own id says so, it is free.
  const isFree = Object.keys(listed).length === 0 && upstreamModel.endsWith(":free");
  if (listed.input_mtok === undefined && !isFree) return null;
  const classes = classesOf(listed);
  const bounds = new Set<number>();
  for (const price of Object.values(classes))
    if (typeof price === "object") for (const { start } of price.tiers) bounds.add(start);
  const requests = listed.requests_kcount;
  return {
    prices: at(classes, -1),
    tiers: [...bounds].sort((a, b) => a - b).map((bound) => ({ aboveInputTokens: bound, prices: at(classes, bound) })),
    // Dollars for a thousand requests.
    requestNanoUsd: typeof requests === "number" ? Math.round(requests * 1e6) : 0,
  };
}

/** Of requests with more input tokens than `bound`, but not more than the next bound. */
function at(classes: Record<keyof TokenPrices, ListedPrice>, bound: number): TokenPrices {
  const priceOf = (price: ListedPrice): number => {
    if (typeof price === "number") return Math.round(price * 1e9);
    const tiers = price.tiers.toSorted((a, b) => a.start - b.start);
    return Math.round((tiers.findLast(({ start }) => start <= bound)?.price ?? price.base) * 1e9);
  };
  return mapPrices((name) => priceOf(classes[name]));
}

function dearest(all: readonly PriceNumbers[]): PriceNumbers | null {
  const [first, ...others] = all;
  if (first === undefined || others.length === 0) return first ?? null;
  const bounds = [...new Set(all.flatMap(({ tiers }) => tiers.map(({ aboveInputTokens }) => aboveInputTokens)))];
  const dearestOf = (pricesOf: (numbers: PriceNumbers) => TokenPrices) => {
    const options = all.map(pricesOf);
    return mapPrices((name) => Math.max(...options.map((prices) => prices[name])));
  };
  return {
    prices: dearestOf(({ prices }) => prices),
    tiers: bounds
      .sort((a, b) => a - b)
      .map((bound): PriceTier => {
        const within = (numbers: PriceNumbers) =>
          numbers.tiers.findLast(({ aboveInputTokens }) => aboveInputTokens <= bound)?.prices ?? numbers.prices;
        return { aboveInputTokens: bound, prices: dearestOf(within) };
      }),
    requestNanoUsd: Math.max(...all.map(({ requestNanoUsd }) => requestNanoUsd)),
  };
}

/** Each class of tokens with its price, always in one order. */
export function mapPrices(priceOf: (name: keyof TokenPrices) => number): TokenPrices {
  return {
    input: priceOf("input"),
    cachedInput: priceOf("cachedInput"),
    cacheWrite: priceOf("cacheWrite"),
    cacheWrite1h: priceOf("cacheWrite1h"),
    output: priceOf("output"),
    reasoning: priceOf("reasoning"),
    inputAudio: priceOf("inputAudio"),
    cachedAudio: priceOf("cachedAudio"),
    outputAudio: priceOf("outputAudio"),
  };
}
