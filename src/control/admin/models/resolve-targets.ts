// Finds the deployments that an administrator names as a model's targets.
import type { GivenTarget } from "../../../api/models.ts";
import { HeadgateError } from "../../../core/errors.ts";
import type { DeploymentRow, ModelTargetRow } from "../../../storage/ports/models.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";

export type ResolvedTarget = Pick<ModelTargetRow, "deployment_id" | "weight" | "priority">;

/**
 * The targets in their order. With `poolId` only deployments of that pool will do. Throws HeadgateError invalid_field,
 * naming the entry, for a deployment that is not there (or was removed) and for one that is named twice.
 */
export async function resolveTargets(
  repositories: Repositories,
  given: readonly GivenTarget[],
  poolId?: string,
): Promise<ResolvedTarget[]> {
  const resolved: ResolvedTarget[] = [];
  const indexes = new Map<string, number>();
  for (const [index, target] of given.entries()) {
    const deployment = await deploymentOf(repositories, target, index);
    const field = fieldOf(target, index);
    if (poolId !== undefined && deployment.model_id !== poolId) throw invalid(field, "is not a deployment of this model");
    const first = indexes.get(deployment.id);
    if (first !== undefined) throw invalid(field, `is the same deployment as targets.${first}`);
    indexes.set(deployment.id, index);
    resolved.push({ deployment_id: deployment.id, weight: target.weight ?? null, priority: target.priority ?? null });
  }
  return resolved;
}

async function deploymentOf(
  { deployments, endpoints }: Repositories,
  target: GivenTarget,
  index: number,
): Promise<DeploymentRow> {
  const { deployment_id, endpoint: name, model } = target;
  if (deployment_id !== undefined) {
    const deployment = await deployments.get(deployment_id);
    if (deployment !== null && deployment.removed_at === null) return deployment;
    throw invalid(fieldOf(target, index), "there is no deployment with this id");
  }
  const endpoint = await endpoints.getByName(name as string);
  if (endpoint === null) throw invalid(`targets.${index}.endpoint`, "there is no endpoint with this name");
  const deployment = (await deployments.ofEndpoint(endpoint.id)).find(
    ({ upstream_model, removed_at }) => upstream_model === model && removed_at === null,
  );
  if (deployment === undefined) throw invalid(fieldOf(target, index), "the endpoint has no model with this id");
  return deployment;
}

/** The field that says which deployment it is. */
function fieldOf({ deployment_id }: GivenTarget, index: number): string {
  return `targets.${index}.${deployment_id === undefined ? "model" : "deployment_id"}`;
}

function invalid(field: string, text: string): HeadgateError {
  return new HeadgateError("invalid_field", { field, message: `${field}: ${text}` });
}
