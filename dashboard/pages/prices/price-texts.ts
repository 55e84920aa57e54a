// Prices in words and figures: what a model costs where its deployments agree, and the span where they don't.
import type { ModelPriceBody, PriceBody } from "../../../src/api/prices.ts";
import { count, exactUsd } from "../../format/figures.ts";

/** What is charged for; dollars per million tokens. */
export type TokenPrice = Extract<keyof PriceBody, `${string}_usd_per_million`>;

export const mainPrices = [
  ["input_usd_per_million", "Input"],
  ["output_usd_per_million", "Output"],
  ["cached_input_usd_per_million", "Cached input"],
  ["cache_write_usd_per_million", "Cache write"],
] as const satisfies readonly (readonly [TokenPrice, string])[];

/** Those that are shown only where they are another than the one they are a kind of. */
const specialPrices = [
  ["cache_write_1h_usd_per_million", "cache_write_usd_per_million", "cache write for an hour"],
  ["reasoning_usd_per_million", "output_usd_per_million", "reasoning"],
  ["input_audio_usd_per_million", "input_usd_per_million", "audio input"],
  ["cached_audio_usd_per_million", "cached_input_usd_per_million", "cached audio input"],
  ["output_audio_usd_per_million", "output_usd_per_million", "audio output"],
] as const satisfies readonly (readonly [TokenPrice, TokenPrice, string])[];

/** Those that calls of the model are counted with now; one for all deployments where it is set here. */
export function pricesOf({ override, deployments }: ModelPriceBody): PriceBody[] {
  return override === null ? deployments.flatMap(({ price }) => price ?? []) : [override];
}

/** "$0.15", "$0.15 – $0.20" where they differ; "–" where there is none. */
export function spanOf(prices: readonly PriceBody[], field: TokenPrice): string {
  const values = [...new Set(prices.map((price) => price[field]))].sort((a, b) => a - b);
  const [least, ...more] = values;
  if (least === undefined) return "–";
  const most = more.at(-1);
  return most === undefined ? exactUsd(least) : `${exactUsd(least)} – ${exactUsd(most)}`;
}

/** What else there is to a price than the four of `mainPrices`, a sentence for each. */
export function particularsOf(price: PriceBody): string[] {
  const special = specialPrices.flatMap(([field, usual, label]) => {
    const value = price[field];
    return value === price[usual] ? [] : [`${label} ${exactUsd(value)}`];
  });
  const request = price.request_usd > 0 ? [`${exactUsd(price.request_usd)} a request`] : [];
  const tiers = price.tiers.map((tier) => {
    const figures = mainPrices.map(([field, label]) => `${label.toLowerCase()} ${exactUsd(tier[field])}`);
    return `above ${count(tier.above_input_tokens)} input tokens: ${figures.join(", ")}`;
  });
  return [...special, ...request, ...tiers];
}

/** Whether two deployments cost the same. */
export function isSamePrice(a: PriceBody | null, b: PriceBody | null): boolean {
  return a?.version === b?.version;
}

/** Where a price is from: "openai gpt-5.1, version 0.1.8 of the catalogue". */
export function originOf({ source, provider, provider_model: model, catalogue_version: version }: PriceBody): string {
  if (source === "override") return "set here";
  const name = [provider, model].filter((part) => part !== null).join(" ");
  return [name, version === null ? "" : `version ${version} of the catalogue`].filter((part) => part !== "").join(", ");
}

/** What the catalogue says, also where another one is set here. */
export function cataloguePricesOf({ deployments }: ModelPriceBody): PriceBody[] {
  return deployments.flatMap(({ catalogue }) => catalogue ?? []);
}
