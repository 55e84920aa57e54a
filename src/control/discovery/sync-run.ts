// A synchronisation, as it is answered and as it is kept.
import { newId } from "../../core/ids.ts";
import type { SyncRunRow } from "../../storage/ports/endpoints.ts";
import type { Stage } from "./listing.ts";
import type { ModelOutcome, Outcome } from "./reconcile.ts";

export type SyncTrigger = "create" | "manual" | "restore" | "schedule" | "seed" | "update";

/** A run as the admin API shows it; times are RFC 3339 in UTC. */
export interface SyncRunView {
  /** `dry_run` for a run that was not recorded. */
  id: string;
  trigger: SyncTrigger;
  started_at: string;
  finished_at: string;
  status: "ok" | "failed" | "guarded";
  stage: Stage;
  /** What went wrong or was held back, and what to do about it; null: nothing. */
  error: string | null;
  counts: Record<Outcome, number>;
  models: ModelOutcome[];
}

/** What a run has to be given besides its result. */
export interface RunFacts {
  trigger: SyncTrigger;
  startedAtMs: number;
  finishedAtMs: number;
  dryRun?: boolean;
}

export const noCounts: Readonly<Record<Outcome, number>> = Object.freeze({
  added: 0,
  returned: 0,
  offline: 0,
  conflict: 0,
  skipped: 0,
  unchanged: 0,
});

export function syncRunView(
  { trigger, startedAtMs, finishedAtMs, dryRun = false }: RunFacts,
  result: Pick<SyncRunView, "status" | "stage" | "error" | "counts" | "models">,
): SyncRunView {
  return {
    id: dryRun ? "dry_run" : newId("run"),
    trigger,
    started_at: new Date(startedAtMs).toISOString(),
    finished_at: new Date(finishedAtMs).toISOString(),
    ...result,
  };
}

/** Beyond so many models, the history keeps only those to which something happened. */
const keptInFull = 200;

/** The row that keeps `view` in the history. */
export function syncRunRow(view: SyncRunView, endpointId: string): SyncRunRow {
  const { models } = view;
  const kept = models.length > keptInFull ? models.filter(({ outcome }) => outcome !== "unchanged") : models;
  return {
    id: view.id,
    endpoint_id: endpointId,
    trigger: view.trigger,
    status: view.status,
    stage: view.stage,
    error: view.error,
    counts: JSON.stringify(view.counts),
    models: JSON.stringify(kept),
    started_at: Date.parse(view.started_at),
    finished_at: Date.parse(view.finished_at),
  };
}
