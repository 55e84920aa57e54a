// Endpoints with what belongs to them, read for presentation.
import type { EndpointBody } from "../../../api/endpoints.ts";
import type { EndpointRow } from "../../../storage/ports/endpoints.ts";
import type { DeploymentRow } from "../../../storage/ports/models.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import type { Synchronizer } from "../../discovery/synchronize.ts";
import { manifestNames } from "./manifest-endpoints.ts";
import { presentEndpoint } from "./present.ts";

/** The endpoints as the API shows them, in the order of `rows`. */
export async function presentEndpoints(
  repositories: Repositories,
  rows: readonly EndpointRow[],
  { inProgress }: Pick<Synchronizer, "inProgress">,
): Promise<EndpointBody[]> {
  if (rows.length === 0) return [];
  const latest = await repositories.syncRuns.latest(rows.map((row) => row.id));
  const byEndpoint = new Map<string, DeploymentRow[]>(rows.map((row) => [row.id, []]));
  for (const deployment of await repositories.deployments.all()) byEndpoint.get(deployment.endpoint_id)?.push(deployment);
  const manifests = await manifestNames(repositories, rows);
  return rows.map((row) => presentEndpoint(row, byEndpoint.get(row.id) ?? [], latest.get(row.id), manifests, inProgress(row.id)));
}

export async function readEndpoint(
  repositories: Repositories,
  row: EndpointRow,
  { inProgress }: Pick<Synchronizer, "inProgress">,
): Promise<EndpointBody> {
  const deployments = await repositories.deployments.ofEndpoint(row.id);
  const latest = await repositories.syncRuns.latest([row.id]);
  return presentEndpoint(row, deployments, latest.get(row.id), await manifestNames(repositories, [row]), inProgress(row.id));
}
