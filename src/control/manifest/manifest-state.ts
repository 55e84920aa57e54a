// How a manifest is: whether there is a copy, how old it is, what keeps a newer one away, what became of its entries.
import type { ManifestRow } from "../../storage/ports/manifests.ts";
import type { AppliedEntry } from "./apply-manifest.ts";
import type { ManifestStage } from "./manifest-failure.ts";

/** `stale`: the last fetch failed, and the last good copy is in use. `never_loaded`: there is none. */
export type ManifestStatus = "ok" | "stale" | "never_loaded";

export interface ManifestError {
  atMs: number;
  stage: ManifestStage;
  detail: string;
}

export interface ManifestState {
  id: string;
  name: string;
  url: string;
  status: ManifestStatus;
  lastSuccessAtMs: number | null;
  /** Of the last fetch; null: it succeeded, or there was none. */
  lastError: ManifestError | null;
  /** Since when fetches fail, or nothing was had; null while `status` is ok. */
  sinceMs: number | null;
  /** What the last application made of each entry. */
  entries: readonly AppliedEntry[];
}

export function statusOf(row: Pick<ManifestRow, "content" | "last_error">): ManifestStatus {
  if (row.content === null) return "never_loaded";
  return row.last_error === null ? "ok" : "stale";
}

export function lastErrorOf({ last_error: text }: Pick<ManifestRow, "last_error">): ManifestError | null {
  if (text === null) return null;
  const { at, stage, detail } = JSON.parse(text) as { at: number; stage: ManifestStage; detail: string };
  return { atMs: at, stage, detail };
}

/** What the last application made of each entry, whichever replica applied it. */
export function appliedOf({ applied }: Pick<ManifestRow, "applied">): AppliedEntry[] {
  return applied === null ? [] : (JSON.parse(applied) as AppliedEntry[]);
}

export function lastErrorColumn({ atMs, stage, detail }: ManifestError): string {
  return JSON.stringify({ at: atMs, stage, detail });
}
