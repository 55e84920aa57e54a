// A model with its deployments as the admin API shows it.
import type { DeploymentBody, HealthBody, ModelBody } from "../../../api/models.ts";
import { formatTime } from "../../../api/time.ts";
import type { DeploymentStatus } from "../../../domain/snapshot.ts";
import type { EndpointRow } from "../../../storage/ports/endpoints.ts";
import type { DeploymentRow, ModelRow } from "../../../storage/ports/models.ts";
import { presentSettings } from "./model-columns.ts";

/** A deployment as a target of one model. */
interface PresentedTarget {
  deployment: DeploymentRow;
  /** Undefined: deleted at this moment. */
  endpoint: EndpointRow | undefined;
  weight: number;
  priority: number;
  health: HealthBody;
}

export function presentModel(model: ModelRow, targets: readonly PresentedTarget[]): ModelBody {
  return {
    id: model.id,
    name: model.name,
    kind: model.kind === "virtual" ? "virtual" : "pool",
    ...presentSettings(model),
    status: model.disabled_at === null ? statusOf(targets.map(({ deployment }) => deployment)) : "disabled",
    deployments: targets.map(presentTarget),
    created_at: formatTime(model.created_at),
    updated_at: formatTime(model.updated_at),
  };
}

function presentTarget({ deployment: row, endpoint, weight, priority, health }: PresentedTarget): DeploymentBody {
  return {
    id: row.id,
    endpoint: endpoint?.name ?? "",
    endpoint_id: row.endpoint_id,
    upstream_model: row.upstream_model,
    status: row.status as DeploymentStatus,
    reason: row.reason,
    since: formatTime(row.since),
    weight,
    priority,
    health,
    source: row.source as DeploymentBody["source"],
  };
}

function statusOf(deployments: readonly DeploymentRow[]): DeploymentStatus {
  if (deployments.some((deployment) => deployment.status === "active")) return "active";
  const disabled = deployments.length > 0 && deployments.every((deployment) => deployment.status === "disabled");
  return disabled ? "disabled" : "offline";
}
