// What each model costs, read from the configuration and the catalogue: of models that there are, and of names that somebody has set a price for.
import type { Repositories } from "../../../storage/ports/storage.ts";
import { targetsByModel } from "../../model-targets.ts";
import { overrideFacts } from "../../prices/override-price.ts";
import type { PriceBook } from "../../prices/price-book.ts";
import { pricesOfTargets } from "../../prices/prices-of-targets.ts";
import type { ModelPrice } from "./present.ts";

type Prices = Pick<PriceBook, "prepare" | "priceOf">;

/** All of them by name. */
export async function readPrices(from: Repositories, prices: Prices): Promise<ModelPrice[]> {
  const models = await from.models.all();
  const endpoints = await from.endpoints.all();
  const targets = targetsByModel({
    models,
    deployments: await from.deployments.all(),
    listed: await from.modelTargets.all(),
    endpointWeight: () => 1,
  });
  const overrides = await from.prices.all();
  const priceOf = await pricesOfTargets(prices, { models, endpoints, targets, overrides });
  const catalogueOf = await pricesOfTargets(prices, { models, endpoints, targets, overrides: [] });
  const names = new Map(endpoints.map(({ id, name }) => [id, name]));
  const targetsByName = new Map(models.map((model) => [model.name, { model, targets: targets.get(model.id) ?? [] }]));
  const set = new Map(overrides.map((row) => [row.model, row]));
  return [...new Set([...targetsByName.keys(), ...set.keys()])].sort(byCodePoint).map((name) => {
    const row = set.get(name);
    const found = targetsByName.get(name);
    return {
      model: name,
      override: row === undefined ? null : overrideFacts(row),
      overrideSetAtMs: row?.updated_at ?? null,
      deployments: (found?.targets ?? []).map(({ deployment }) => ({
        deployment,
        endpoint: names.get(deployment.endpoint_id) ?? "",
        price: priceOf({ name }, deployment),
        catalogue: catalogueOf({ name }, deployment),
      })),
    };
  });
}

/** As the database has names in order. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
