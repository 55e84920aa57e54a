// What is kept of a deleted endpoint: the rows that went with it, and those of the pools that its deployments were in.
import type { DeletedEndpointRow, EndpointRow, SyncRunRow } from "../../../storage/ports/endpoints.ts";
import type { DeploymentRow, ModelRow, ModelTargetRow } from "../../../storage/ports/models.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";

export interface DeletedContent {
  endpoint: EndpointRow;
  /** Removed ones included: synchronisations go on leaving these alone. */
  deployments: DeploymentRow[];
  /** Of each pool that a deployment was in: others may take the last of it away meanwhile. */
  models: ModelRow[];
  /** Of virtual models and pools, on these deployments. */
  targets: ModelTargetRow[];
  /** The newest ones. */
  syncRuns: SyncRunRow[];
}

/** How long a deletion can be undone. */
export const restorableMs = 3_600_000;
/** How many deleted endpoints are kept at most. */
const keptMax = 100;
const syncRunsMax = 20;

/** To be called in the transaction that deletes `endpoint`, before it is gone. */
export async function keepDeleted(repositories: Repositories, endpoint: EndpointRow, nowMs: number): Promise<void> {
  const { id, name } = endpoint;
  const deployments = await repositories.deployments.ofEndpoint(id);
  const modelIds = new Set(deployments.map(({ model_id }) => model_id));
  const content: DeletedContent = {
    endpoint,
    deployments,
    models: (await repositories.models.all()).filter((model) => modelIds.has(model.id)),
    targets: await repositories.modelTargets.ofEndpoint(id),
    syncRuns: (await repositories.syncRuns.pageOfEndpoint(id, { limit: syncRunsMax })).rows,
  };
  const row: DeletedEndpointRow = {
    endpoint_id: id,
    name,
    deployments: deployments.filter(({ removed_at }) => removed_at === null).length,
    content: JSON.stringify(content),
    deleted_at: nowMs,
    expires_at: nowMs + restorableMs,
  };
  await repositories.deletedEndpoints.keep(row, keptMax);
}

export function deletedContentOf({ content }: Pick<DeletedEndpointRow, "content">): DeletedContent {
  return JSON.parse(content) as DeletedContent;
}

/**
 * The credential in its kept copy, encrypted anew; null where the endpoint had none. `again` is given what is encrypted, and the id and
 * name of the endpoint that it is bound to.
 */
export function withCredential(
  row: Pick<DeletedEndpointRow, "content">,
  again: (ciphertext: string, endpoint: Pick<EndpointRow, "id" | "name">) => string,
): string | null {
  const content = deletedContentOf(row);
  const { endpoint } = content;
  if (endpoint.api_key_ciphertext === null) return null;
  const api_key_ciphertext = again(endpoint.api_key_ciphertext, endpoint);
  return JSON.stringify({ ...content, endpoint: { ...endpoint, api_key_ciphertext } } satisfies DeletedContent);
}
