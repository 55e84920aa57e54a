// The prices of all targets of some models, from rows of the database.
import type { EndpointRow } from "../../storage/ports/endpoints.ts";
import type { DeploymentRow, ModelRow } from "../../storage/ports/models.ts";
import type { PriceRow } from "../../storage/ports/prices.ts";
import type { ModelTarget } from "../model-targets.ts";
import { overridesOf, type PriceBook, type PricedTarget } from "./price-book.ts";
import type { PriceFacts } from "./price-facts.ts";

export interface PricedRows {
  /** At least the models of `targets`, and the pools that their deployments are in. */
  models: readonly Pick<ModelRow, "id" | "name">[];
  endpoints: readonly Pick<EndpointRow, "id" | "url">[];
  /** By model id. */
  targets: ReadonlyMap<string, readonly ModelTarget[]>;
  overrides: readonly PriceRow[];
}

type Model = Pick<ModelRow, "name">;
type Deployment = Pick<DeploymentRow, "endpoint_id" | "model_id" | "upstream_model">;

/** Null: nobody knows what it costs. */
export type PriceOfTarget = (model: Model, deployment: Deployment) => PriceFacts | null;

export async function pricesOfTargets(
  prices: Pick<PriceBook, "prepare" | "priceOf">,
  { models, endpoints, targets, overrides }: PricedRows,
): Promise<PriceOfTarget> {
  const urls = new Map(endpoints.map(({ id, url }) => [id, url]));
  const names = new Map(models.map(({ id, name }) => [id, name]));
  const byModel = overridesOf(overrides);
  const targetOf: (model: Model, deployment: Deployment) => PricedTarget = (
    model,
    { endpoint_id, model_id, upstream_model },
  ) => ({
    model: model.name,
    pool: model_id === null ? undefined : names.get(model_id),
    url: urls.get(endpoint_id) ?? "",
    upstreamModel: upstream_model,
  });
  await prices.prepare(questions());
  return (model, deployment) => prices.priceOf(targetOf(model, deployment), byModel);

  function* questions() {
    for (const ofModel of targets.values()) {
      for (const { deployment } of ofModel) yield targetOf({ name: "" }, deployment);
    }
  }
}
