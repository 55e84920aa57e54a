// What Argonne's gateway tells about its models, in its shapes, from the manifests: never a URL, an `endpoint_id` or a key.
import { HeadgateError } from "../../core/errors.ts";
import type { ManifestEntryView, ManifestView } from "../../domain/snapshot.ts";
import { mayReach, type Principal } from "../access.ts";
import type { ModelRoute, Snapshot } from "../snapshot.ts";

const framework = "api";

/** Below a manifest's `base_url` and framework. */
const callPaths = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/messages", "/v1/responses"];

/** An entry, with those of its models that a caller may use. */
interface SeenEntry {
  entry: ManifestEntryView;
  routes: readonly ModelRoute[];
  /** Some of them can be called there now. */
  isRunning: boolean;
}

/** `{"<manifest>": true}`: false while all that is open to everybody is in maintenance. Manifests for some groups only are left out. */
export function statusView(snapshot: Snapshot): Record<string, boolean> {
  const status: Record<string, boolean> = {};
  for (const { name, hasLoaded, entries } of snapshot.manifests) {
    const open = entries.filter(({ endpointId }) => snapshot.endpoint(endpointId)?.groups === null);
    if (entries.length > 0 && open.length === 0) continue;
    status[name] = hasLoaded && (open.length === 0 || open.some((entry) => entry.status !== "maintenance"));
  }
  return status;
}

export function whoamiView({ key, identity, userId, groups }: Principal) {
  const user_group_uuids = groups.filter(({ source }) => source !== null).map(({ externalId }) => externalId as string);
  if (identity === null) {
    const name = key?.name ?? "";
    return {
      id: userId ?? key?.id ?? "",
      name,
      username: name,
      user_group_uuids,
      idp_id: "",
      idp_name: "",
      auth_service: "headgate",
    };
  }
  const { subject, name, username, idpId, idpName, authService } = identity;
  return {
    id: subject,
    name: name ?? username ?? "",
    username: username ?? "",
    user_group_uuids,
    idp_id: idpId ?? "",
    idp_name: idpName ?? "",
    auth_service: authService,
  };
}

/** Manifests with the models that the caller may use and that can be called now. */
export function endpointsView(snapshot: Snapshot, principal: Principal) {
  const clusters: Record<string, object> = {};
  for (const manifest of snapshot.manifests) {
    const seen = seenEntries(snapshot, principal, manifest);
    if (seen.length === 0) continue;
    const models = new Set<string>();
    for (const { entry, routes } of seen) {
      for (const route of routes) if (isActiveAt(route, entry)) models.add(route.model.name);
    }
    clusters[manifest.name] = {
      base_url: `/resource_server/${manifest.name}`,
      frameworks: { [framework]: { models: [...models].sort(), endpoints: callPaths } },
    };
  }
  return { clusters };
}

/** What runs at one manifest. Throws 404 `not_found` when there is none of that name, 503 `manifest_unavailable` before it was ever read. */
export function jobsView(snapshot: Snapshot, principal: Principal, name: string) {
  const manifest = snapshot.manifests.find((one) => one.name === name);
  if (manifest === undefined) throw new HeadgateError("not_found", { message: "There is no manifest of that name." });
  if (!manifest.hasLoaded) throw new HeadgateError("manifest_unavailable", { retryAfterSeconds: 5 });
  const seen = seenEntries(snapshot, principal, manifest);
  const jobs = seen.map(({ entry, routes, isRunning }) => ({
    Models: routes.map(({ model }) => model.name).join(","),
    Framework: framework,
    Cluster: name,
    "Model Status": isRunning ? "running" : entry.status === "live" ? "offline" : entry.status,
    Description: [entry.model, entry.description].filter((text) => text !== "").join(" - "),
    "Model Version": entry.modelVersion,
  }));
  return {
    running: jobs.filter((_job, index) => seen[index]?.isRunning),
    queued: jobs.filter((_job, index) => !seen[index]?.isRunning),
    stopped: [],
    others: [],
    private_batch_running: [],
    private_batch_queued: [],
    cluster_status: {
      cluster: name,
      total_models: modelsOf(seen).size,
      live_models: modelsOf(seen.filter(({ isRunning }) => isRunning)).size,
      stopped_models: 0,
    },
  };
}

function seenEntries(snapshot: Snapshot, principal: Principal, { entries }: ManifestView): SeenEntry[] {
  const seen: SeenEntry[] = [];
  for (const entry of entries) {
    const endpoint = snapshot.endpoint(entry.endpointId);
    if (endpoint === undefined || !mayReach(principal, endpoint)) continue;
    const routes = entry.experts.map((expert) => snapshot.routeFor(principal, expert)).filter((route) => route !== null);
    if (routes.length > 0) seen.push({ entry, routes, isRunning: routes.some((route) => isActiveAt(route, entry)) });
  }
  return seen;
}

function isActiveAt({ active }: ModelRoute, { endpointId }: ManifestEntryView): boolean {
  return active.some(({ deployment }) => deployment.endpointId === endpointId);
}

function modelsOf(seen: readonly SeenEntry[]): Set<string> {
  return new Set(seen.flatMap(({ routes }) => routes.map(({ model }) => model.name)));
}
