// The paths of Argonne's gateway, `/resource_server/…`, that are not calls of models; every one of them names its methods.
import { HeadgateError } from "../../core/errors.ts";

export interface DirectRoute {
  kind: "direct";
  view: "health" | "status" | "whoami" | "list-endpoints" | "jobs";
  /** The manifest in the path of `jobs`; "" for the others. */
  cluster: string;
}

const plainViews = ["health", "status", "whoami", "list-endpoints"] as const;
const jobsPath = /^\/([^/]+)\/jobs$/;
const callPaths = ["/chat/completions", "/completions", "/embeddings", "/responses", "/messages"];
const reading = ["GET", "HEAD"];

/** `rest`: what follows `/resource_server`, without a trailing slash. Null: none of these. Throws 405 `method_not_allowed`. */
export function directRouteOf(method: string, rest: string): DirectRoute | null {
  const view = plainViews.find((name) => rest === `/${name}`);
  const jobs = jobsPath.exec(rest);
  if (view === undefined && jobs === null) return null;
  requireMethod(method, reading);
  return { kind: "direct", view: view ?? "jobs", cluster: jobs === null ? "" : decodeURIComponent(jobs[1] as string) };
}

/** Throws 405 for a call path, below `/resource_server/{manifest}/api/v1`, with a method that it does not take. */
export function checkDirectCall(method: string, rest: string): void {
  if (callPaths.includes(rest)) requireMethod(method, ["POST"]);
  if (rest === "/models") requireMethod(method, reading);
}

function requireMethod(method: string, allow: string[]): void {
  if (!allow.includes(method)) throw new HeadgateError("method_not_allowed", { allow });
}
