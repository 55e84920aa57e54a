// Prices in the OpenAPI document.
import type { z } from "zod";
import type { ModelPriceBody, PriceBody, setPriceBody } from "../../../../api/prices.ts";
import type { OperationDocs } from "../operation-doc.ts";
import { exampleIds, exampleTimes } from "./example-ids.ts";

export const openAiPrice: PriceBody = {
  version: "pv_5f0c9a7b21d3e846",
  source: "catalogue",
  provider: "openai",
  provider_model: "gpt-4o",
  catalogue_version: "0.1.8",
  input_usd_per_million: 2.5,
  output_usd_per_million: 10,
  cached_input_usd_per_million: 1.25,
  cache_write_usd_per_million: 2.5,
  cache_write_1h_usd_per_million: 2.5,
  reasoning_usd_per_million: 10,
  input_audio_usd_per_million: 2.5,
  cached_audio_usd_per_million: 1.25,
  output_audio_usd_per_million: 10,
  request_usd: 0,
  tiers: [],
};

const ofCatalogue: ModelPriceBody = {
  model: "prod-gpt-4o",
  status: "catalogue",
  override: null,
  override_set_at: null,
  deployments: [
    {
      id: exampleIds.deployment,
      endpoint: "openai",
      endpoint_id: exampleIds.endpoint,
      upstream_model: "gpt-4o",
      price: openAiPrice,
      catalogue: openAiPrice,
    },
  ],
};

const override: PriceBody = {
  ...openAiPrice,
  version: "pv_90b6d1e37a4c2f58",
  source: "override",
  provider: null,
  provider_model: null,
  catalogue_version: null,
  input_usd_per_million: 0.2,
  output_usd_per_million: 0.6,
  cached_input_usd_per_million: 0.05,
  cache_write_usd_per_million: 0.2,
  cache_write_1h_usd_per_million: 0.2,
  reasoning_usd_per_million: 0.6,
  input_audio_usd_per_million: 0.2,
  cached_audio_usd_per_million: 0.05,
  output_audio_usd_per_million: 0.6,
};

const set: ModelPriceBody = {
  model: "llama-70b",
  status: "override",
  override,
  override_set_at: exampleTimes.changed,
  deployments: [
    {
      id: exampleIds.secondDeployment,
      endpoint: "vllm",
      endpoint_id: exampleIds.secondEndpoint,
      upstream_model: "meta-llama/Llama-3.3-70B-Instruct",
      price: override,
      catalogue: null,
    },
  ],
};

const catalogue = { name: "@pydantic/genai-prices", version: "0.1.8", date: "2026-09-23" };

export const priceOperations: OperationDocs = {
  "GET /prices": {
    id: "listPrices",
    description:
      "Names that have a price and no model are among them. A member's list has the models that they may use, without what stands behind.",
    query: { search: "gpt", status: "unpriced" },
    answer: { page: { data: [set, ofCatalogue], next_cursor: null, catalogue } },
  },
  "GET /prices/:model": {
    id: "getPrice",
    description: "By the name that callers use, percent-encoded.",
    answer: { of_the_catalogue: ofCatalogue, set_by_an_administrator: set },
  },
  "PUT /prices/:model": {
    id: "setPrice",
    description:
      "By the name that callers use, percent-encoded; a model of this name need not be there yet. It takes the place of the one that was set before. Attempts that have begun keep the price that held then.",
    body: {
      of_all_classes: {
        input_usd_per_million: 0.2,
        output_usd_per_million: 0.6,
        cached_input_usd_per_million: 0.05,
      } satisfies z.input<typeof setPriceBody>,
      free: { input_usd_per_million: 0, output_usd_per_million: 0 } satisfies z.input<typeof setPriceBody>,
    },
    answer: { price: set },
  },
  "DELETE /prices/:model": {
    id: "deletePrice",
    description: "404 where none is set. What was paid stays what it was.",
  },
};
