// Adds a model that the provider does not list, or one that an administrator removed before.
import { HeadgateError } from "../../../core/errors.ts";
import { newId } from "../../../core/ids.ts";
import type { EndpointRow, ModelRow, Repositories } from "../../../storage/port.ts";
import { type Aliases, publicNameOf } from "../../discovery/name-conflicts.ts";

/** `alias`, when given, becomes the endpoint's alias of the model. Returns the model that the new deployment belongs to. Throws HeadgateError name_conflict or alias_conflict. */
export async function addStaticModel(
  repositories: Repositories,
  endpoint: EndpointRow,
  { model: upstreamModel, alias }: { model: string; alias?: string | undefined },
  nowMs: number,
): Promise<ModelRow> {
  const aliases = JSON.parse(endpoint.aliases) as Aliases;
  const name = alias ?? publicNameOf(upstreamModel, aliases);
  const deployments = await repositories.deployments.ofEndpoint(endpoint.id);
  const before = deployments.find((deployment) => deployment.upstream_model === upstreamModel);
  if (before !== undefined && before.removed_at === null) {
    const message = `model: this endpoint already has '${upstreamModel}'`;
    throw new HeadgateError("name_conflict", { field: "model", message });
  }
  const model = (await repositories.models.getByName(name)) ?? (await newModel(repositories, name, nowMs));
  const holder = deployments.find((deployment) => deployment.removed_at === null && deployment.model_id === model.id);
  if (model.kind === "virtual" || holder !== undefined) {
    const reason = holder
      ? `'${name}' is already the name of this endpoint's model '${holder.upstream_model}'`
      : `'${name}' is the name of a virtual model`;
    const conflicts = [{ model: upstreamModel, alias: name, reason }];
    throw new HeadgateError("alias_conflict", { field: alias === undefined ? "model" : "alias", conflicts });
  }
  if (alias !== undefined && alias !== publicNameOf(upstreamModel, aliases)) {
    const { [upstreamModel]: _replaced, ...others } = aliases;
    const changed = alias === upstreamModel ? others : { ...others, [upstreamModel]: alias };
    await repositories.endpoints.update(endpoint.id, { aliases: JSON.stringify(changed), updated_at: nowMs });
  }
  // static even where discovery had made it: that is what was asked for, and what an unlisted model needs
  const state = { model_id: model.id, source: "static", status: "active", reason: null, since: nowMs, removed_at: null, updated_at: nowMs };
  if (before !== undefined) await repositories.deployments.update(before.id, state);
  else {
    const row = { id: newId("dep"), endpoint_id: endpoint.id, upstream_model: upstreamModel, created_at: nowMs, ...state };
    await repositories.deployments.insert(row);
  }
  return model;
}

async function newModel(repositories: Repositories, name: string, nowMs: number): Promise<ModelRow> {
  const model: ModelRow = { id: newId("mdl"), name, kind: "pool", created_at: nowMs, updated_at: nowMs, version: 1 };
  await repositories.models.insert(model);
  return model;
}
