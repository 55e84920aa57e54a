// Models with what belongs to them, read for presentation.
import type { ModelBody } from "../../../api/models.ts";
import type { DeploymentRow, ModelRow, Repositories } from "../../../storage/port.ts";
import { presentModel } from "./present.ts";

/** The models as the API shows them, in the order of `models`. */
export async function presentModels(repositories: Repositories, models: readonly ModelRow[]): Promise<ModelBody[]> {
  if (models.length === 0) return [];
  const endpoints = new Map((await repositories.endpoints.all()).map((endpoint) => [endpoint.id, endpoint]));
  const byModel = new Map<string | null, DeploymentRow[]>();
  for (const deployment of await repositories.deployments.ofModels(models.map((model) => model.id))) {
    const own = byModel.get(deployment.model_id);
    if (own === undefined) byModel.set(deployment.model_id, [deployment]);
    else own.push(deployment);
  }
  return models.map((model) => presentModel(model, byModel.get(model.id) ?? [], endpoints));
}

export async function readModel(repositories: Repositories, model: ModelRow): Promise<ModelBody> {
  return (await presentModels(repositories, [model]))[0] as ModelBody;
}
