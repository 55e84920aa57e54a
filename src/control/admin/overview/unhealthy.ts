// What is wrong now, and why: parts of Headgate, endpoints, manifests and deployments, worst first.
import type { FastifyRequest } from "fastify";
import type { UnhealthyBody } from "../../../api/overview.ts";
import { formatTime, formatTimeOrNull } from "../../../api/time.ts";
import { type Action, reachOf } from "../../../domain/policy.ts";
import type { EndpointRow } from "../../../storage/ports/endpoints.ts";
import type { DeploymentRow } from "../../../storage/ports/models.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { lastErrorOf, statusOf } from "../../manifest/manifest-state.ts";
import type { AdminContext } from "../context.ts";
import { presentEndpoint } from "../endpoints/present.ts";

const entriesMax = 100;

/** Lower is worse. What concerns all calls comes before what concerns those of one model; what mends itself comes last. */
const ranks: Readonly<Record<string, number>> = {
  "part degraded": 0,
  "endpoint offline": 1,
  "endpoint never_synced": 1,
  "manifest never_loaded": 1,
  "deployment offline": 2,
  "deployment benched": 2,
  "manifest stale": 3,
  "deployment resting": 4,
  "deployment trial": 5,
};

/** As far as the asker's role shows it. */
export async function readUnhealthy(context: AdminContext, { actor }: Pick<FastifyRequest, "actor">): Promise<UnhealthyBody[]> {
  const shows = (action: Action) => actor !== null && reachOf(actor.role, action) === "all";
  const entries = [
    ...(shows("system.read") ? unhealthyParts(context) : []),
    ...(shows("manifests.read") ? await unhealthyManifests(context) : []),
    ...(shows("endpoints.read") ? await unhealthyEndpoints(context) : []),
  ];
  const rank = ({ kind, status }: UnhealthyBody) => ranks[`${kind} ${status}`] ?? entriesMax;
  const text = ({ since, name }: UnhealthyBody) => `${since ?? ""} ${name}`;
  return entries.sort((a, b) => rank(a) - rank(b) || (text(a) < text(b) ? -1 : 1)).slice(0, entriesMax);
}

/** Without manifests, which are listed themselves. */
function unhealthyParts(context: AdminContext): UnhealthyBody[] {
  const parts = context.system().reasons.filter(({ part }) => !part.startsWith("manifest:"));
  return parts.map(({ part, since, detail }) => ({
    kind: "part",
    id: null,
    name: part,
    status: "degraded",
    cause: detail,
    since,
  }));
}

async function unhealthyManifests(context: AdminContext): Promise<UnhealthyBody[]> {
  return (await context.database().manifests.all()).flatMap((row): UnhealthyBody[] => {
    const state = context.manifests?.state(row.id) ?? null;
    const status = state?.status ?? statusOf(row);
    const lastError = state === null ? lastErrorOf(row) : state.lastError;
    if (status === "ok") return [];
    const since = formatTimeOrNull(state?.sinceMs ?? lastError?.atMs ?? null);
    return [{ kind: "manifest", id: row.id, name: row.name, status, cause: lastError?.detail ?? null, since }];
  });
}

async function unhealthyEndpoints(context: AdminContext): Promise<UnhealthyBody[]> {
  const database = context.database();
  const endpoints = await database.endpoints.all();
  const deployments = await database.deployments.all();
  return [
    ...(await unreachable(database, endpoints, deployments)),
    ...unhealthyDeployments(context, new Map(endpoints.map(({ id, name }) => [id, name])), deployments),
  ];
}

/** Endpoints that serve nothing because their models can't be had. */
async function unreachable(
  { syncRuns }: Repositories,
  endpoints: readonly EndpointRow[],
  deployments: readonly DeploymentRow[],
): Promise<UnhealthyBody[]> {
  const byEndpoint = new Map<string, DeploymentRow[]>(endpoints.map(({ id }) => [id, []]));
  for (const deployment of deployments) byEndpoint.get(deployment.endpoint_id)?.push(deployment);
  const latest = await syncRuns.latest(endpoints.map(({ id }) => id));
  return endpoints.flatMap((row): UnhealthyBody[] => {
    const {
      id,
      name,
      status,
      last_sync: sync,
    } = presentEndpoint(row, byEndpoint.get(row.id) ?? [], latest.get(row.id), new Map());
    const isOut = (status === "offline" || status === "never_synced") && sync?.status === "failed";
    return isOut ? [{ kind: "endpoint", id, name, status, cause: sync.error, since: sync.finished_at }] : [];
  });
}

function unhealthyDeployments(
  { healthOf }: AdminContext,
  endpointNames: ReadonlyMap<string, string>,
  deployments: readonly DeploymentRow[],
): UnhealthyBody[] {
  return deployments.flatMap((row): UnhealthyBody[] => {
    const entry = {
      kind: "deployment",
      id: row.id,
      name: `${endpointNames.get(row.endpoint_id) ?? ""}/${row.upstream_model}`,
    } as const;
    if (row.removed_at !== null) return [];
    if (row.status === "offline") {
      return [{ ...entry, status: "offline", cause: row.reason, since: formatTime(row.since) }];
    }
    if (row.status !== "active") return [];
    const { status, cause, since } = healthOf(row.id);
    return status === "healthy" || status === "unknown" ? [] : [{ ...entry, status, cause, since }];
  });
}
