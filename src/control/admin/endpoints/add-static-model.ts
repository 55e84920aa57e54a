// Adds a model that the provider does not list, or one that an administrator removed before.
import { HeadgateError } from "../../../core/errors.ts";
import { newId } from "../../../core/ids.ts";
import type { EndpointRow } from "../../../storage/ports/endpoints.ts";
import type { ModelRow } from "../../../storage/ports/models.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { modelIdOfName, reservedNames } from "../../discovery/model-of-name.ts";
import { type Aliases, publicNameOf } from "../../discovery/name-conflicts.ts";
import type { Selection } from "../../discovery/selection.ts";
import { conflictsOfChange } from "../../discovery/static-conflicts.ts";

/** `alias`, when given, becomes the endpoint's alias of the model. Returns the model that the new deployment belongs to. Throws HeadgateError name_conflict or alias_conflict. */
export async function addStaticModel(
  repositories: Repositories,
  endpoint: EndpointRow,
  { model: upstreamModel, alias }: { model: string; alias?: string | null | undefined },
  nowMs: number,
): Promise<ModelRow> {
  const aliases = JSON.parse(endpoint.aliases) as Aliases;
  const name = alias ?? publicNameOf(upstreamModel, aliases);
  const deployments = await repositories.deployments.ofEndpoint(endpoint.id);
  const before = deployments.find((deployment) => deployment.upstream_model === upstreamModel);
  if (before !== undefined && before.removed_at === null) {
    throw new HeadgateError("name_conflict", {
      field: "model",
      message: `This endpoint already has the model '${upstreamModel}'.`,
    });
  }
  // Aliases decide every name of the endpoint: one that is not among them would be gone with its next change.
  const { [upstreamModel]: _replaced, ...others } = aliases;
  const changed = name === upstreamModel ? others : { ...others, [upstreamModel]: name };
  const present = deployments.filter(({ removed_at }) => removed_at === null).map((deployment) => deployment.upstream_model);
  const rules = {
    selection: JSON.parse(endpoint.models) as Selection,
    aliases: changed,
    reservedNames: await reservedNames(repositories),
  };
  const conflicts = conflictsOfChange(rules, [...present, upstreamModel]);
  if (conflicts.length > 0) throw new HeadgateError("alias_conflict", { field: alias ? "alias" : "model", conflicts });
  if (name !== publicNameOf(upstreamModel, aliases)) {
    await repositories.endpoints.update(endpoint.id, { aliases: JSON.stringify(changed), updated_at: nowMs });
  }
  const modelId = await modelIdOfName(repositories, name, nowMs);
  // Static even where discovery had made it: that is what was asked for, and what an unlisted model needs.
  const state = { model_id: modelId, source: "static", status: "active", reason: null, since: nowMs, removed_at: null };
  if (before !== undefined) {
    await repositories.deployments.update(before.id, { ...state, updated_at: nowMs });
  } else {
    const made = {
      id: newId("dep"),
      endpoint_id: endpoint.id,
      upstream_model: upstreamModel,
      created_at: nowMs,
      updated_at: nowMs,
    };
    await repositories.deployments.insert({ ...made, ...state });
  }
  return (await repositories.models.get(modelId)) as ModelRow;
}
