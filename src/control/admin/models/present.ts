// A model with its deployments as the admin API shows it.
import type { DeploymentBody, ModelBody } from "../../../api/models.ts";
import { formatTime } from "../../../api/time.ts";
import type { DeploymentStatus } from "../../../domain/snapshot.ts";
import type { DeploymentRow, EndpointRow, ModelRow } from "../../../storage/port.ts";

/** `deployments` are the model's own. */
export function presentModel(
  model: ModelRow,
  deployments: readonly DeploymentRow[],
  endpoints: ReadonlyMap<string, EndpointRow>,
): ModelBody {
  return {
    id: model.id,
    name: model.name,
    kind: "pool",
    strategy: "balanced",
    status: statusOf(deployments),
    deployments: deployments.map((deployment) => presentDeployment(deployment, endpoints.get(deployment.endpoint_id))),
    created_at: formatTime(model.created_at),
    updated_at: formatTime(model.updated_at),
  };
}

function presentDeployment(row: DeploymentRow, endpoint: EndpointRow | undefined): DeploymentBody {
  return {
    id: row.id,
    endpoint: endpoint?.name ?? "",
    endpoint_id: row.endpoint_id,
    upstream_model: row.upstream_model,
    status: row.status as DeploymentStatus,
    reason: row.reason,
    since: formatTime(row.since),
    weight: endpoint?.weight ?? 1,
    priority: 0,
    health: "unknown",
    source: row.source === "static" ? "static" : "discovered",
  };
}

function statusOf(deployments: readonly DeploymentRow[]): DeploymentStatus {
  if (deployments.some((deployment) => deployment.status === "active")) return "active";
  const disabled = deployments.length > 0 && deployments.every((deployment) => deployment.status === "disabled");
  return disabled ? "disabled" : "offline";
}
