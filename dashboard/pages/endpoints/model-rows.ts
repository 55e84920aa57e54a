// The deployments of one endpoint, each with the model that it belongs to.
import type { DeploymentBody, ModelBody } from "../../../src/api/models.ts";

export interface ModelRow {
  model: ModelBody;
  deployment: DeploymentBody;
  /** Names of the other endpoints that have the model. */
  elsewhere: string[];
}

export function modelRows(models: readonly ModelBody[], endpointId: string): ModelRow[] {
  return models.flatMap((model) =>
    model.deployments
      .filter(({ endpoint_id }) => endpoint_id === endpointId)
      .map((deployment) => ({
        model,
        deployment,
        elsewhere: [
          ...new Set(model.deployments.filter(({ endpoint_id }) => endpoint_id !== endpointId).map(({ endpoint }) => endpoint)),
        ],
      })),
  );
}

/** Disabled by the choice of models, which alone brings it back. */
export function isNotChosen({ status, reason }: DeploymentBody): boolean {
  return status === "disabled" && reason?.startsWith("not selected") === true;
}
