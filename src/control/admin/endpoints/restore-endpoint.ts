// Undoes the deletion of an endpoint: it comes back under its ids, with what went with it.
import type { EndpointRow } from "../../../storage/ports/endpoints.ts";
import type { DeploymentRow, ModelRow, ModelTargetRow } from "../../../storage/ports/models.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { type NameConflict, nameConflicts } from "../../discovery/name-conflicts.ts";
import { noCounts, syncRunRow, syncRunView } from "../../discovery/sync-run.ts";
import { found } from "../answers.ts";
import type { Asker } from "../authorize/asker.ts";
import type { AdminContext } from "../context.ts";
import { checkName } from "./create-endpoint.ts";
import { type DeletedContent, deletedContentOf } from "./deleted-content.ts";
import { auditedEndpoint, recordEndpoint } from "./record-endpoint.ts";
import { retryOnNewModel } from "./retry-on-new-model.ts";

/**
 * Its deployments join the pools of their names, which are made again where they are gone. One whose name a virtual model has taken
 * meanwhile stays away, as it would in a synchronisation, and the history says so. Throws HeadgateError not_found when there is nothing
 * to restore any more, or name_conflict; nothing is written then.
 */
export function restoreEndpoint(context: AdminContext, asker: Asker, id: string): Promise<void> {
  return retryOnNewModel(() =>
    context.database().transaction(async (repositories) => {
      const nowMs = context.clock.nowMs();
      const kept = found(await repositories.deletedEndpoints.take(id, nowMs), "deleted endpoint that can be restored");
      const content = deletedContentOf(kept);
      await checkName(repositories, content.endpoint.name);
      const endpoint: EndpointRow = { ...content.endpoint, updated_at: nowMs, version: content.endpoint.version + 1 };
      await repositories.endpoints.insert(endpoint);
      for (const run of content.syncRuns) await repositories.syncRuns.insert(run);
      const { deployments, conflicts } = await restoreDeployments(repositories, content, nowMs);
      await restoreTargets(repositories, content.targets, deployments);
      if (conflicts.length > 0) await reportConflicts(repositories, id, conflicts, nowMs);
      await repositories.meta.bumpConfigVersion({ part: "routing" });
      const after = await auditedEndpoint(repositories, endpoint);
      await recordEndpoint(repositories, endpoint, { ...asker, action: "endpoint.restore", before: null, after, nowMs });
    }),
  );
}

interface RestoredDeployments {
  /** By id, with the pools that they are in now. */
  deployments: Map<string, DeploymentRow>;
  conflicts: NameConflict[];
}

async function restoreDeployments(
  repositories: Repositories,
  content: DeletedContent,
  nowMs: number,
): Promise<RestoredDeployments> {
  const keptModels = new Map(content.models.map((model) => [model.id, model]));
  const poolOf = ({ model_id }: DeploymentRow) => (model_id === null ? undefined : keptModels.get(model_id));
  const present = await repositories.models.all();
  const virtualNames = new Set(present.filter(({ kind }) => kind === "virtual").map(({ name }) => name));
  const claims = content.deployments.flatMap((row) => {
    const pool = poolOf(row);
    return pool === undefined ? [] : [{ model: row.upstream_model, name: pool.name }];
  });
  const conflicts = nameConflicts(claims, virtualNames);
  const isRefused = new Set(conflicts.map(({ model }) => model));

  const idByName = new Map(present.map(({ id, name }) => [name, id]));
  const wanted = new Map<string, ModelRow>();
  for (const row of content.deployments) {
    const pool = poolOf(row);
    if (pool !== undefined && !isRefused.has(row.upstream_model)) wanted.set(pool.name, pool);
  }
  // In order of names: two processes that make the same models then wait for each other instead of deadlocking.
  for (const [name, pool] of [...wanted].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (idByName.has(name)) continue;
    await repositories.models.insert({ ...pool, updated_at: nowMs, version: pool.version + 1 });
    idByName.set(name, pool.id);
  }
  const deployments = new Map<string, DeploymentRow>();
  for (const kept of content.deployments) {
    if (isRefused.has(kept.upstream_model)) continue;
    const pool = poolOf(kept);
    const row = { ...kept, model_id: pool === undefined ? null : (idByName.get(pool.name) as string) };
    await repositories.deployments.insert(row);
    deployments.set(row.id, row);
  }
  return { deployments, conflicts };
}

/** Each in the place that it had, in virtual models that still exist and in the pools that are still, or again, the same. */
async function restoreTargets(
  repositories: Repositories,
  targets: readonly ModelTargetRow[],
  deployments: ReadonlyMap<string, DeploymentRow>,
): Promise<void> {
  const models = new Map((await repositories.models.all()).map((model) => [model.id, model]));
  const belongs = ({ model_id, deployment_id }: ModelTargetRow): boolean => {
    const deployment = deployments.get(deployment_id);
    if (deployment === undefined) return false;
    return models.get(model_id)?.kind === "virtual" || (models.has(model_id) && deployment.model_id === model_id);
  };
  const returning = targets.filter(belongs);
  const present = await repositories.modelTargets.ofModels([...new Set(returning.map(({ model_id }) => model_id))]);
  for (const modelId of new Set(returning.map(({ model_id }) => model_id))) {
    const all = [...returning, ...present].filter(({ model_id }) => model_id === modelId);
    const inOrder = all.toSorted((a, b) => a.position - b.position);
    const written = inOrder.map(({ deployment_id, weight, priority }) => ({ deployment_id, weight, priority }));
    await repositories.modelTargets.replace(modelId, written);
  }
}

/** As a synchronisation reports models that can't have their names. */
async function reportConflicts(
  repositories: Repositories,
  endpointId: string,
  conflicts: readonly NameConflict[],
  nowMs: number,
): Promise<void> {
  const run = syncRunView(
    { trigger: "restore", startedAtMs: nowMs, finishedAtMs: nowMs },
    {
      status: "ok",
      stage: "done",
      error: null,
      counts: { ...noCounts, conflict: conflicts.length },
      models: conflicts.map(({ model, reason }) => ({ id: model, outcome: "conflict", detail: reason })),
    },
  );
  await repositories.syncRuns.insert(syncRunRow(run, endpointId));
}
