// What a caller is told of a model that can't be called.
import { HeadgateError } from "../core/errors.ts";
import { inMaintenance, withoutToken } from "../domain/deployment-reason.ts";
import type { ModelRoute, Snapshot } from "./snapshot.ts";

/** Long enough for a manifest to be read again. */
const retryAfterSeconds = 30;

/** Throws 404 `model_not_found`; 503 `manifest_unavailable` while a manifest has never been read, since that might know the model. */
export function unknownModel({ manifests }: Snapshot): never {
  if (manifests.some(({ hasLoaded }) => !hasLoaded)) {
    throw new HeadgateError("manifest_unavailable", { field: "model", retryAfterSeconds: 5 });
  }
  throw new HeadgateError("model_not_found", { field: "model" });
}

/** 503 `model_maintenance`, `endpoint_misconfigured` or `model_offline` for a model without an active target. */
export function noneActive({ model, targets }: ModelRoute): HeadgateError {
  const reasons = new Set(targets.map(({ deployment }) => deployment.reason));
  const known = `The model '${model.name}' is known, but `;
  if (reasons.has(inMaintenance)) {
    return new HeadgateError("model_maintenance", {
      message: `The model '${model.name}' is in maintenance.`,
      retryAfterSeconds,
      field: "model",
    });
  }
  if (reasons.has(withoutToken)) {
    const message = `${known}the endpoint that serves it lacks its credential. An administrator has to add it.`;
    return new HeadgateError("endpoint_misconfigured", { message, retryAfterSeconds, field: "model" });
  }
  return new HeadgateError("model_offline", {
    message: `${known}no endpoint that serves it is online.`,
    retryAfterSeconds,
    field: "model",
  });
}
