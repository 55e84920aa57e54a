// What somebody may ask for who calls from a page: models and answers of them, and nothing of the accounts behind them.
import { HeadgateError } from "../../core/errors.ts";
import { isInferencePath } from "../failover/inference-path.ts";
import { parseRoute, type Route } from "../route.ts";

/** As parseRoute. Throws HeadgateError `not_allowed` too. */
export function playgroundRoute(method: string, target: string): Route {
  const route = parseRoute(method, target);
  if (route.kind === "list-models" || route.kind === "get-model") return route;
  const isInference =
    route.kind === "call" && route.endpointName === null && route.cluster === null && isInferencePath(route.rest, method);
  if (isInference && !route.needsPassthrough) return route;
  throw new HeadgateError("not_allowed", {
    message: "The playground takes /v1/models and inference paths such as /v1/chat/completions only. Use a key for others.",
  });
}
