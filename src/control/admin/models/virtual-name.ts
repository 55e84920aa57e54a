// The name of a virtual model: no other model may have it.
import { HeadgateError } from "../../../core/errors.ts";
import type { ModelRow } from "../../../storage/ports/models.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import type { NameConflict } from "../../discovery/name-conflicts.ts";

/** Throws HeadgateError name_conflict with everything that has the name, unless it is the model `ownId` itself. */
export async function checkVirtualName(repositories: Repositories, name: string, ownId?: string): Promise<void> {
  const holder = await repositories.models.getByName(name);
  if (holder === null || holder.id === ownId) return;
  const conflicts = await conflictsWith(repositories, holder);
  throw new HeadgateError("name_conflict", { field: "name", message: `There is already a model named '${name}'.`, conflicts });
}

async function conflictsWith({ deployments, endpoints }: Repositories, holder: ModelRow): Promise<NameConflict[]> {
  const alias = holder.name;
  if (holder.kind === "virtual") return [{ model: alias, alias, reason: `'${alias}' is the name of a virtual model` }];
  const names = new Map((await endpoints.all()).map(({ id, name }) => [id, name]));
  return (await deployments.ofModels([holder.id])).map(({ endpoint_id, upstream_model: model }) => ({
    model,
    alias,
    reason: `'${alias}' is the name of the model '${model}' of endpoint '${names.get(endpoint_id) ?? endpoint_id}'`,
  }));
}
