// Which deployment of a model gets the next attempt.
import { HeadgateError } from "../../core/errors.ts";
import type { ModelRoute, Target } from "../snapshot.ts";

export interface Choice {
  target: Target;
  /** In words, for the ledger. */
  why: string;
}

/**
 * The first deployment that is active; throws 503 `model_offline` when none is. One target per model is served until
 * pools choose among several: this function is the seam where they come in.
 */
export function chooseTarget(route: ModelRoute): Choice {
  const active = route.targets.filter((target) => target.deployment.status === "active");
  const target = active[0];
  if (target === undefined) {
    throw new HeadgateError("model_offline", {
      message: `The model '${route.model.name}' is known, but no endpoint that serves it is online.`,
      retryAfterSeconds: 30,
      field: "model",
    });
  }
  return { target, why: active.length === 1 ? "only active target" : `first of ${active.length} active targets` };
}
