// Asks an endpoint for its list of models and judges whether it works.
import type { EndpointView } from "../../domain/snapshot.ts";
import { listModels } from "../discovery/list-models.ts";
import type { AskOptions } from "./ask-completion.ts";
import type { ProbeOutcome } from "./probe-outcome.ts";
import { probeTarget } from "./probe-target.ts";

/**
 * ok: the list came, whatever it names; which models there are is discovery's matter. neutral: 429, and a list without
 * end. `hasListed` false: a provider that has never given a list may not have one, so that 404 and 405 are neutral too.
 */
export async function askModels(endpoint: EndpointView, hasListed: boolean, options: AskOptions): Promise<ProbeOutcome> {
  const listing = await listModels(probeTarget(endpoint), options);
  const { latencyMs } = listing;
  if (listing.ok) return { verdict: "ok", cause: "ok", latencyMs };
  const { code, stage, httpStatus } = listing;
  const isNeutral = code === "rate_limited" || code === "too_many_models" || (code === "not_found" && !hasListed);
  const cause = httpStatus !== null && stage !== "parse" ? `http ${httpStatus}` : code;
  return { verdict: isNeutral ? "neutral" : "failed", cause, latencyMs };
}
