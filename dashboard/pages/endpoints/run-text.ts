// What a synchronization has to say for itself, in words for people at this page (the server's are for the API, too).
import type { SyncRunSummaryBody } from "../../../src/api/sync-runs.ts";

/** Null: it went well. */
export function runText({ status, stage, error }: Pick<SyncRunSummaryBody, "status" | "stage" | "error">): string | null {
  if (status === "ok") return null;
  if (status === "failed") return error;
  if (stage === "empty") return "The endpoint answers, but its list has no models.";
  return "More than half of the models are missing from the provider's list: they stay active until that is confirmed.";
}
