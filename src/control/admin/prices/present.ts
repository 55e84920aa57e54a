// Prices as the admin API shows them: dollars, from whole nano-dollars.
import type { ModelPriceBody, PriceBody, PriceStatus } from "../../../api/prices.ts";
import { formatTime } from "../../../api/time.ts";
import type { TokenPrices } from "../../../domain/price.ts";
import type { DeploymentRow } from "../../../storage/ports/models.ts";
import type { PriceFacts } from "../../prices/price-facts.ts";
import { usdOf } from "../money.ts";

/** What a reader sees beside the model. */
export interface Shows {
  endpoints: boolean;
}

export interface ModelPrice {
  model: string;
  override: PriceFacts | null;
  overrideSetAtMs: number | null;
  deployments: readonly {
    deployment: Pick<DeploymentRow, "id" | "endpoint_id" | "upstream_model">;
    endpoint: string;
    price: PriceFacts | null;
    catalogue: PriceFacts | null;
  }[];
}

export function presentModelPrice(row: ModelPrice, shows: Shows): ModelPriceBody {
  return {
    model: row.model,
    status: priceStatusOf(row),
    override: row.override && presentPrice(row.override, shows),
    override_set_at: row.overrideSetAtMs === null ? null : formatTime(row.overrideSetAtMs),
    deployments: row.deployments.map(({ deployment, endpoint, price, catalogue }) => ({
      id: shows.endpoints ? deployment.id : null,
      endpoint: shows.endpoints ? endpoint : null,
      endpoint_id: shows.endpoints ? deployment.endpoint_id : null,
      upstream_model: shows.endpoints ? deployment.upstream_model : null,
      price: price && presentPrice(price, shows),
      catalogue: catalogue && presentPrice(catalogue, shows),
    })),
  };
}

export function priceStatusOf({ override, deployments }: Pick<ModelPrice, "override" | "deployments">): PriceStatus {
  if (override !== null) return "override";
  const sources = new Set(deployments.map(({ price }) => price?.source ?? "unpriced"));
  const [only = "unpriced"] = sources;
  return sources.size > 1 ? "mixed" : only;
}

export function presentPrice({ source, provider, model, catalogueVersion, price }: PriceFacts, shows: Shows): PriceBody {
  return {
    version: price.version,
    source,
    // The provider would tell what stands behind the model.
    provider: shows.endpoints ? provider : null,
    provider_model: shows.endpoints && source === "catalogue" ? model : null,
    catalogue_version: catalogueVersion,
    ...presentTokenPrices(price.prices),
    request_usd: usd(price.requestNanoUsd),
    tiers: price.tiers.map(({ aboveInputTokens, prices }) => ({
      above_input_tokens: aboveInputTokens,
      ...presentTokenPrices(prices),
    })),
  };
}

function presentTokenPrices(prices: TokenPrices): Omit<PriceBody["tiers"][number], "above_input_tokens"> {
  return {
    input_usd_per_million: usd(prices.input),
    output_usd_per_million: usd(prices.output),
    cached_input_usd_per_million: usd(prices.cachedInput),
    cache_write_usd_per_million: usd(prices.cacheWrite),
    cache_write_1h_usd_per_million: usd(prices.cacheWrite1h),
    reasoning_usd_per_million: usd(prices.reasoning),
    input_audio_usd_per_million: usd(prices.inputAudio),
    cached_audio_usd_per_million: usd(prices.cachedAudio),
    output_audio_usd_per_million: usd(prices.outputAudio),
  };
}

function usd(nanoUsd: number): number {
  return usdOf(nanoUsd) as number;
}
