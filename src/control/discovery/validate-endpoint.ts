// Tries an endpoint out for an administrator: one listing, reported as the admin API shows it.
import type { ListOptions } from "./list-connection.ts";
import { listModels, listTimeoutsMs } from "./list-models.ts";
import type { ListTarget } from "./list-target.ts";
import type { FailureCode, Stage } from "./listing.ts";

/** The answer of `POST /endpoints/validate`. */
export interface ValidationView {
  ok: boolean;
  stage: Stage;
  /** `ok`, or what failed. */
  code: "ok" | FailureCode;
  message: string;
  hint: string | null;
  latency_ms: number;
  /** The base URL that answered; null when none did. */
  effective_url: string | null;
  /** Ids of the models listed. */
  models: string[];
}

/** Asks `target` for its models, within 10 s. A provider's fault is an answer, not an exception. */
export async function validateEndpoint(target: ListTarget, options: Partial<ListOptions> = {}): Promise<ValidationView> {
  const listing = await listModels(target, { timeoutMs: listTimeoutsMs.validate, ...options });
  if (!listing.ok) {
    const { stage, code, message, hint, latencyMs } = listing;
    return { ok: false, stage, code, message, hint, latency_ms: latencyMs, effective_url: null, models: [] };
  }
  const found = {
    latency_ms: listing.latencyMs,
    effective_url: listing.effectiveUrl,
    models: listing.models.map(({ id }) => id),
  };
  if (found.models.length === 0) return { ok: false, stage: "empty", code: "no_models", ...emptyListTexts, ...found };
  const count = found.models.length === 1 ? "1 model" : `${found.models.length} models`;
  return { ok: true, stage: "done", code: "ok", message: `The endpoint answers and lists ${count}.`, hint: null, ...found };
}

/** What to say about a list without models. */
export const emptyListTexts = {
  message: "The endpoint answers, but its list has no models.",
  hint: "Check that the API key may use models, or load one at the endpoint. Models can also be added by hand.",
} as const;
