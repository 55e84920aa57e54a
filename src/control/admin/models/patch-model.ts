// Changes a model by merge patch (RFC 7396): its settings, its targets, whether callers get it; of a virtual model also the name.
import type { ModelPatch } from "../../../api/models.ts";
import { HeadgateError } from "../../../core/errors.ts";
import type { ModelRow } from "../../../storage/ports/models.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { setModelStatus } from "./change-model.ts";
import { type SettingColumns, settingColumns } from "./model-columns.ts";
import { type ResolvedTarget, resolveTargets } from "./resolve-targets.ts";
import { checkVirtualName } from "./virtual-name.ts";

/** To be called in a transaction. Returns the row as it is then. Throws HeadgateError invalid_field, name_conflict or stale; nothing is to be kept then. */
export async function patchModel(repositories: Repositories, row: ModelRow, patch: ModelPatch, nowMs: number): Promise<ModelRow> {
  const changes: Partial<ModelRow> = {};
  const settings = settingColumns(patch, row);
  for (const column of Object.keys(settings) as (keyof SettingColumns)[]) {
    if (settings[column] !== row[column]) Object.assign(changes, { [column]: settings[column] });
  }
  if (patch.name !== undefined && patch.name !== row.name) changes.name = await newName(repositories, row, patch.name);
  if (row.kind === "virtual" && patch.status !== undefined && (patch.status === "disabled") !== (row.disabled_at !== null)) {
    changes.disabled_at = patch.status === "disabled" ? nowMs : null;
  }
  const targets = await newTargets(repositories, row, patch.targets);

  if (targets === undefined && Object.keys(changes).length === 0 && patch.status === undefined) return row;
  const isRowChanged = targets !== undefined || Object.keys(changes).length > 0;
  const columns = { ...changes, updated_at: nowMs };
  // The version that was read: a change made between the two statements is not overwritten unseen.
  if (isRowChanged && !(await repositories.models.update(row.id, columns, row.version))) throw new HeadgateError("stale");
  if (targets !== undefined) await repositories.modelTargets.replace(row.id, targets);
  if (row.kind === "pool" && patch.status !== undefined) await setModelStatus(repositories, row, patch.status, nowMs);
  await repositories.meta.bumpConfigVersion({ part: "routing" });
  return isRowChanged ? { ...row, ...columns, version: row.version + 1 } : row;
}

async function newName(repositories: Repositories, row: ModelRow, name: string): Promise<string> {
  if (row.kind === "pool") {
    throw new HeadgateError("invalid_field", {
      field: "name",
      message: "name: a pool has the name of its deployments; change the endpoints' `aliases` instead",
    });
  }
  await checkVirtualName(repositories, name, row.id);
  return name;
}

/** The list that takes the place of the present one; undefined: none does. */
async function newTargets(
  repositories: Repositories,
  row: ModelRow,
  given: ModelPatch["targets"],
): Promise<ResolvedTarget[] | undefined> {
  if (given === undefined) return undefined;
  if (row.kind === "pool") return resolveTargets(repositories, given ?? [], row.id);
  if (given === null || given.length === 0) {
    throw new HeadgateError("invalid_field", { field: "targets", message: "targets: must have at least one target" });
  }
  return resolveTargets(repositories, given);
}
