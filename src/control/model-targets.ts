// What each model's targets are: a pool's the deployments of its name, a virtual model's those it lists.
import type { DeploymentRow, ModelRow, ModelTargetRow } from "../storage/ports/models.ts";

export interface ModelTarget {
  deployment: DeploymentRow;
  weight: number;
  priority: number;
}

export interface TargetRows {
  models: readonly ModelRow[];
  /** At least those of the pools among `models` and those that `listed` names, without removed ones; the same one may be there twice. */
  deployments: readonly DeploymentRow[];
  /** By position within each model. */
  listed: readonly ModelTargetRow[];
  endpointWeight: (endpointId: string) => number;
}

/** The targets by model id: a pool's in the order of `deployments`, a virtual model's in its own. */
export function targetsByModel({ models, deployments, listed, endpointWeight }: TargetRows): Map<string, ModelTarget[]> {
  const byId = new Map(deployments.map((deployment) => [deployment.id, deployment]));
  const ofPool = groupBy(byId.values(), (deployment) => deployment.model_id);
  const ofList = groupBy(listed, (target) => target.model_id);
  return new Map(models.map((model) => [model.id, targetsOf(model)]));

  function targetsOf({ id, kind }: ModelRow): ModelTarget[] {
    const rows = ofList.get(id) ?? [];
    if (kind === "virtual") {
      return rows.flatMap(({ deployment_id, weight, priority }) => {
        const deployment = byId.get(deployment_id);
        return deployment === undefined ? [] : [{ deployment, weight: weight ?? 1, priority: priority ?? 0 }];
      });
    }
    const said = new Map(rows.map((row) => [row.deployment_id, row]));
    return (ofPool.get(id) ?? []).map((deployment) => ({
      deployment,
      weight: said.get(deployment.id)?.weight ?? endpointWeight(deployment.endpoint_id),
      priority: said.get(deployment.id)?.priority ?? 0,
    }));
  }
}

function groupBy<Key, Row>(rows: Iterable<Row>, keyOf: (row: Row) => Key): Map<Key, Row[]> {
  const groups = new Map<Key, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}
