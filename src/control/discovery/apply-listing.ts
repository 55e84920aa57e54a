// Writes what a listing means for an endpoint's deployments, and the record of the run. To be called inside a transaction.
import { newId } from "../../core/ids.ts";
import type { EndpointRow } from "../../storage/ports/endpoints.ts";
import type { DeploymentRow } from "../../storage/ports/models.ts";
import type { Repositories } from "../../storage/ports/storage.ts";
import type { ListFailure, Listing } from "./listing.ts";
import { modelIdOfName } from "./model-of-name.ts";
import type { Aliases } from "./name-conflicts.ts";
import { type KnownDeployment, keptByGuard, type Plan, reconcile } from "./reconcile.ts";
import type { Selection } from "./selection.ts";
import { noCounts, type RunFacts, type SyncRunView, syncRunRow, syncRunView } from "./sync-run.ts";
import { emptyListTexts } from "./validate-endpoint.ts";

export interface ApplyOptions extends RunFacts {
  /** An administrator says that a guarded loss is real. */
  confirm?: boolean;
}

export interface AppliedListing {
  run: SyncRunView;
  /** Whether anything changed that the snapshot shows. The configuration's version has been raised then. */
  changed: boolean;
}

/**
 * Brings the deployments of `endpoint` (as it is in the database now) in line with `listing` and records the run.
 * Conflicting names are reported and the rest is saved. A failed listing changes nothing but the history; a dry run
 * nothing at all. Throws UniqueViolation when another process took a name meanwhile: run the transaction again.
 */
export async function applyListing(
  repositories: Repositories,
  endpoint: EndpointRow,
  listing: Listing | ListFailure,
  options: ApplyOptions,
): Promise<AppliedListing> {
  const { dryRun = false, confirm = false } = options;
  if (!listing.ok) {
    const { stage, message, hint } = listing;
    const run = syncRunView(options, {
      status: "failed",
      stage,
      error: `${message} ${hint}`,
      counts: { ...noCounts },
      models: [],
    });
    if (!dryRun) await repositories.syncRuns.insert(syncRunRow(run, endpoint.id));
    return { run, changed: false };
  }

  const plan = await planFor(repositories, endpoint, listing, confirm);
  const run = syncRunView(options, {
    status: plan.status,
    stage: listing.models.length === 0 ? "empty" : "done",
    error: plan.status === "guarded" ? guardedText(listing, plan) : null,
    counts: plan.counts,
    models: plan.outcomes,
  });
  if (dryRun) return { run, changed: false };

  await writePlan(repositories, endpoint.id, plan, options.finishedAtMs);
  const remembered = {
    // An empty list proves nothing about which base is the right one.
    base_url: listing.models.length === 0 ? endpoint.base_url : listing.effectiveUrl,
    guard_signature: plan.guard.signature,
    guard_count: plan.guard.count,
  };
  const newBase = remembered.base_url !== endpoint.base_url;
  if (newBase || remembered.guard_signature !== endpoint.guard_signature || remembered.guard_count !== endpoint.guard_count) {
    await repositories.endpoints.updateDiscovery(endpoint.id, remembered);
  }
  await repositories.syncRuns.insert(syncRunRow(run, endpoint.id));
  const changed = newBase || plan.additions.length > 0 || plan.changes.length > 0;
  if (changed) await repositories.meta.bumpConfigVersion({ part: "routing" });
  return { run, changed };
}

async function planFor(repositories: Repositories, endpoint: EndpointRow, listing: Listing, confirm: boolean): Promise<Plan> {
  const deployments = await repositories.deployments.ofEndpoint(endpoint.id);
  const models = await repositories.models.all();
  const nameById = new Map(models.map(({ id, name }) => [id, name]));
  return reconcile({
    selection: JSON.parse(endpoint.models) as Selection,
    aliases: JSON.parse(endpoint.aliases) as Aliases,
    deployments: deployments.map((row) => knownDeployment(row, nameById)),
    reservedNames: new Set(models.filter(({ kind }) => kind === "virtual").map(({ name }) => name)),
    listed: listing.models.map(({ id }) => id),
    rejected: listing.rejected,
    guard: { signature: endpoint.guard_signature, count: endpoint.guard_count },
    confirm,
  });
}

function knownDeployment(row: DeploymentRow, nameById: ReadonlyMap<string, string>): KnownDeployment {
  return {
    id: row.id,
    upstreamModel: row.upstream_model,
    name: row.model_id === null ? null : (nameById.get(row.model_id) ?? null),
    source: row.source as KnownDeployment["source"],
    status: row.status as KnownDeployment["status"],
    reason: row.reason,
    removed: row.removed_at !== null,
  };
}

async function writePlan(repositories: Repositories, endpointId: string, plan: Plan, nowMs: number): Promise<void> {
  // In order of names: two processes that create the same models then wait for each other instead of deadlocking.
  const additions = plan.additions.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const { upstreamModel, name } of additions) {
    await repositories.deployments.insert({
      id: newId("dep"),
      endpoint_id: endpointId,
      model_id: await modelIdOfName(repositories, name, nowMs),
      upstream_model: upstreamModel,
      source: "discovered",
      status: "active",
      reason: null,
      since: nowMs,
      removed_at: null,
      created_at: nowMs,
      updated_at: nowMs,
    });
  }
  for (const { deploymentId, status, reason } of plan.changes) {
    await repositories.deployments.update(deploymentId, { status, reason, since: nowMs, updated_at: nowMs });
  }
}

function guardedText(listing: Listing, plan: Plan): string {
  const how =
    "Synchronize with confirm=true to take them offline now; a third run in a row that finds the same does so by itself.";
  if (listing.models.length === 0) return `${emptyListTexts.message} ${emptyListTexts.hint} Models stay as they are. ${how}`;
  const kept = plan.outcomes.filter(({ detail }) => detail === keptByGuard).length;
  return `More than half of the active models (${kept}) are not in the provider's list any more. They stay active. ${how}`;
}
