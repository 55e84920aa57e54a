// Prices that administrators set for a model, as table `prices` holds them.
import type { PriceRow } from "../../storage/ports/prices.ts";
import { mapPrices } from "./catalogue-price.ts";
import { factsOf, type PriceFacts } from "./price-facts.ts";

/** Whole nano-dollars per million tokens; null: as input. */
export interface PriceComponents {
  input: number;
  output: number;
  cachedInput: number | null;
  cacheWrite: number | null;
}

export function componentsOf({ components }: Pick<PriceRow, "components">): PriceComponents {
  return JSON.parse(components) as PriceComponents;
}

export function overrideFacts(row: Pick<PriceRow, "model" | "components">): PriceFacts {
  const { input, output, cachedInput, cacheWrite } = componentsOf(row);
  const cached = cachedInput ?? input;
  const written = cacheWrite ?? input;
  const prices = mapPrices((name) => {
    if (name === "cachedInput" || name === "cachedAudio") return cached;
    if (name === "cacheWrite" || name === "cacheWrite1h") return written;
    return name === "output" || name === "reasoning" || name === "outputAudio" ? output : input;
  });
  const origin = { source: "override", provider: null, model: row.model, catalogueVersion: null } as const;
  return factsOf(origin, { prices, tiers: [], requestNanoUsd: 0 });
}
