// Makes a virtual model: a name over deployments that it lists itself.
import type { CreateModel } from "../../../api/models.ts";
import type { ModelRow } from "../../../storage/ports/models.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { newModelRow } from "../../new-model-row.ts";
import { settingColumns } from "./model-columns.ts";
import { resolveTargets } from "./resolve-targets.ts";
import { checkVirtualName } from "./virtual-name.ts";

/** To be called in a transaction. Throws HeadgateError name_conflict, or invalid_field naming the target at fault. */
export async function createVirtualModel(repositories: Repositories, asked: CreateModel, nowMs: number): Promise<ModelRow> {
  await checkVirtualName(repositories, asked.name);
  const empty = newModelRow(asked.name, "virtual", nowMs);
  const row = { ...empty, ...settingColumns(asked, empty) };
  const targets = await resolveTargets(repositories, asked.targets);
  await repositories.models.insert(row);
  await repositories.modelTargets.replace(row.id, targets);
  await repositories.meta.bumpConfigVersion({ part: "routing" });
  return row;
}
