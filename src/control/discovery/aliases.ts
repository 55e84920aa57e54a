// Brings an endpoint's deployments in line with its own settings (pinned models, aliases), without asking the provider.
import { HeadgateError } from "../../core/errors.ts";
import type { EndpointRow } from "../../storage/ports/endpoints.ts";
import type { DeploymentRow } from "../../storage/ports/models.ts";
import type { Repositories } from "../../storage/ports/storage.ts";
import { modelIdOfName } from "./model-of-name.ts";
import { type Aliases, publicNameOf } from "./name-conflicts.ts";
import { isDeselected, notListed, notSelected, notSelectedAndMissing, type Selection, selectionTest } from "./selection.ts";
import { conflictsOfChange } from "./static-conflicts.ts";

/**
 * Renames, enables and disables the deployments of `endpoint` as its (new) `models` and `aliases` say. To be called in
 * the transaction that writes the endpoint, whose `updated_at` dates the changes. Deployments that are no longer wanted
 * become disabled, and return as active or offline, as last seen, when wanted again; those that a person disabled stay
 * so. Static models are renamed, too, but never disabled. Returns whether anything changed; the
 * caller raises the configuration's version. Throws HeadgateError alias_conflict with all conflicts, nothing written.
 */
export async function applySelection(repositories: Repositories, endpoint: EndpointRow): Promise<boolean> {
  const nowMs = endpoint.updated_at;
  const selection = JSON.parse(endpoint.models) as Selection;
  const aliases = JSON.parse(endpoint.aliases) as Aliases;
  const rows = (await repositories.deployments.ofEndpoint(endpoint.id)).filter(({ removed_at }) => removed_at === null);
  const models = await repositories.models.all();
  const nameById = new Map(models.map(({ id, name }) => [id, name]));
  const reservedNames = new Set(models.filter(({ kind }) => kind === "virtual").map(({ name }) => name));

  const wantedNames = new Map(rows.map((row) => [row, publicNameOf(row.upstream_model, aliases)]));
  const existing = rows.map((row) => row.upstream_model);
  const conflicts = conflictsOfChange({ selection, aliases, reservedNames }, existing);
  if (conflicts.length > 0) throw new HeadgateError("alias_conflict", { conflicts });

  const renamed = rows.filter((row) => wantedNames.get(row) !== nameById.get(row.model_id ?? ""));
  // First all let go of their names, then all take their new ones: names may be swapped.
  for (const { id, model_id } of renamed) {
    await repositories.deployments.update(id, { model_id: null });
    // What the pool said about it was about a member; virtual models go on having it.
    if (model_id !== null) await repositories.modelTargets.remove(id, model_id);
  }
  for (const row of renamed) {
    const modelId = await modelIdOfName(repositories, wantedNames.get(row) as string, nowMs);
    await repositories.deployments.update(row.id, { model_id: modelId, updated_at: nowMs });
  }
  if (renamed.length > 0) await repositories.models.deleteUnused();

  const isSelected = selectionTest(selection);
  let changed = renamed.length > 0;
  for (const row of rows) {
    const status = row.source === "static" ? null : statusFor(row, isSelected(row.upstream_model));
    if (status === null) continue;
    changed = true;
    await repositories.deployments.update(row.id, { ...status, since: nowMs, updated_at: nowMs });
  }
  return changed;
}

/** The status that the selection calls for, or null when it stays. */
function statusFor(row: DeploymentRow, selected: boolean): Pick<DeploymentRow, "status" | "reason"> | null {
  if (selected && isDeselected(row)) {
    const missing = row.reason === notSelectedAndMissing;
    return missing ? { status: "offline", reason: notListed } : { status: "active", reason: null };
  }
  if (selected || row.status === "disabled") return null;
  return { status: "disabled", reason: row.status === "offline" ? notSelectedAndMissing : notSelected };
}
