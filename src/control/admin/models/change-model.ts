// What an administrator does to a model: disable it, bring it back, remove it.
import { createHash } from "node:crypto";
import type { ModelBody } from "../../../api/models.ts";
import { HeadgateError } from "../../../core/errors.ts";
import type { DeploymentRow, ModelRow } from "../../../storage/ports/models.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { isDeselected } from "../../discovery/selection.ts";
import { found } from "../answers.ts";
import { unknownHealth } from "../context.ts";
import { checkIfMatch, etagOf } from "../etag.ts";
import { readModel } from "./read-model.ts";

const disabledReason = "disabled by an administrator";
/** Until the manifest is applied again, which is at once. */
const waitsForManifest = "waits for its manifest";

/** The ETag of a model covers its deployments, whose state changes without the model's own row, but not their health: nobody writes that. */
export function modelEtag(model: ModelBody): string {
  const deployments = model.deployments.map(({ health: _health, ...configured }) => configured);
  const text = JSON.stringify({ ...model, deployments });
  return etagOf(createHash("sha256").update(text).digest("hex").slice(0, 20));
}

/** The model's row, once If-Match holds. Throws HeadgateError not_found or stale. */
export async function modelToChange(repositories: Repositories, id: string, ifMatch: string | undefined): Promise<ModelRow> {
  const model = found(await repositories.models.get(id), "model");
  if (ifMatch !== undefined) checkIfMatch(ifMatch, modelEtag(await readModel(repositories, model, unknownHealth)));
  return model;
}

/**
 * Of a pool: `disabled` takes every deployment from callers; `active` brings back those that an administrator disabled. One that is
 * offline stays so until its provider lists it again, one that is not selected until it is selected, and one of a manifest until that says so.
 */
export async function setModelStatus(
  repositories: Repositories,
  model: ModelRow,
  status: "active" | "disabled",
  nowMs: number,
): Promise<void> {
  for (const deployment of await repositories.deployments.ofModels([model.id])) {
    const disabledByPerson = deployment.status === "disabled" && !isDeselected(deployment);
    if (disabledByPerson === (status === "disabled")) continue;
    if (status === "active" && !disabledByPerson) continue;
    await repositories.deployments.update(deployment.id, { ...stateOf(deployment, status), since: nowMs, updated_at: nowMs });
  }
}

function stateOf({ source }: DeploymentRow, status: "active" | "disabled"): Pick<DeploymentRow, "status" | "reason"> {
  if (status === "disabled") return { status, reason: disabledReason };
  return source === "manifest" ? { status: "offline", reason: waitsForManifest } : { status, reason: null };
}

/**
 * A virtual model goes alone. Of a pool, static deployments go; discovered ones stay as a note to the synchronisation not to add them again. Their aliases go
 * too, so that the name is free for another model. Virtual models lose them as targets. Throws HeadgateError not_allowed for
 * a model that a manifest declares.
 */
export async function removeModel(repositories: Repositories, model: ModelRow, nowMs: number): Promise<void> {
  const deployments = await repositories.deployments.ofModels([model.id]);
  if (deployments.some(({ source }) => source === "manifest")) {
    const message = `A manifest declares '${model.name}': it goes when the manifest no longer lists it. Disable it, or restrict it to \`groups\`.`;
    throw new HeadgateError("not_allowed", { message });
  }
  for (const deployment of deployments) {
    await repositories.modelTargets.remove(deployment.id);
    if (deployment.source === "static") await repositories.deployments.delete(deployment.id);
    else await repositories.deployments.update(deployment.id, { removed_at: nowMs, model_id: null, updated_at: nowMs });
    await dropAlias(repositories, deployment, nowMs);
  }
  await repositories.models.delete(model.id);
}

async function dropAlias(repositories: Repositories, deployment: DeploymentRow, nowMs: number): Promise<void> {
  const endpoint = await repositories.endpoints.get(deployment.endpoint_id);
  const aliases = JSON.parse(endpoint?.aliases ?? "{}") as Record<string, string>;
  if (!Object.hasOwn(aliases, deployment.upstream_model)) return;
  const { [deployment.upstream_model]: _dropped, ...others } = aliases;
  await repositories.endpoints.update(deployment.endpoint_id, { aliases: JSON.stringify(others), updated_at: nowMs });
}
