// A price with where it is from, and its identity: whatever is equal has the same version, whatever differs another.
import { createHash } from "node:crypto";
import type { Price, TokenPrices } from "../../domain/price.ts";
import type { PriceVersionRow } from "../../storage/ports/prices.ts";
import { mapPrices, type PriceNumbers } from "./catalogue-price.ts";

export interface PriceOrigin {
  source: "override" | "catalogue";
  /** Of the catalogue; null: an override. */
  provider: string | null;
  /** The catalogue's id; of an override, the name that callers use. */
  model: string;
  /** Null: an override. */
  catalogueVersion: string | null;
}

export interface PriceFacts extends PriceOrigin {
  price: Price;
}

export function factsOf({ source, provider, model, catalogueVersion }: PriceOrigin, numbers: PriceNumbers): PriceFacts {
  const content = contentOf(numbers);
  const identity = JSON.stringify([source, provider, model, catalogueVersion, content]);
  const version = `pv_${createHash("sha256").update(identity).digest("hex").slice(0, 16)}`;
  return { source, provider, model, catalogueVersion, price: { version, ...content } };
}

/** As table `price_versions` has it. */
export function rowOf({ source, provider, model, catalogueVersion, price }: PriceFacts, nowMs: number): PriceVersionRow {
  const { version, ...numbers } = price;
  const content = JSON.stringify(contentOf(numbers));
  return { version, source, provider, model, catalogue_version: catalogueVersion, content, first_seen_at: nowMs };
}

export function factsOfRow(row: PriceVersionRow): PriceFacts {
  const { version, provider, model, catalogue_version: catalogueVersion, content } = row;
  const source = row.source === "override" ? "override" : "catalogue";
  return { source, provider, model, catalogueVersion, price: { version, ...(JSON.parse(content) as PriceNumbers) } };
}

/** The same fields in the same order, wherever the numbers come from. */
function contentOf({ prices, tiers, requestNanoUsd }: PriceNumbers): PriceNumbers {
  const ordered = (some: TokenPrices) => mapPrices((name) => some[name]);
  return {
    prices: ordered(prices),
    tiers: tiers.map((tier) => ({ aboveInputTokens: tier.aboveInputTokens, prices: ordered(tier.prices) })),
    requestNanoUsd,
  };
}
