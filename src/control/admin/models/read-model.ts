// Models with what belongs to them, read for presentation.
import type { ModelBody } from "../../../api/models.ts";
import type { ModelRow } from "../../../storage/ports/models.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { targetsByModel } from "../../model-targets.ts";
import type { HealthLookup } from "../context.ts";
import { presentModel } from "./present.ts";

/** The models as the API shows them, in the order of `models`. */
export async function presentModels(
  repositories: Repositories,
  models: readonly ModelRow[],
  healthOf: HealthLookup,
): Promise<ModelBody[]> {
  if (models.length === 0) return [];
  const ids = models.map((model) => model.id);
  const endpoints = new Map((await repositories.endpoints.all()).map((endpoint) => [endpoint.id, endpoint]));
  const targets = targetsByModel({
    models,
    deployments: [...(await repositories.deployments.ofModels(ids)), ...(await repositories.deployments.targetsOf(ids))],
    listed: await repositories.modelTargets.ofModels(ids),
    endpointWeight: (id) => endpoints.get(id)?.weight ?? 1,
  });
  return models.map((model) =>
    presentModel(
      model,
      (targets.get(model.id) ?? []).map((target) => ({
        ...target,
        endpoint: endpoints.get(target.deployment.endpoint_id),
        health: healthOf(target.deployment.id),
      })),
    ),
  );
}

export async function readModel(repositories: Repositories, model: ModelRow, healthOf: HealthLookup): Promise<ModelBody> {
  return (await presentModels(repositories, [model], healthOf))[0] as ModelBody;
}
