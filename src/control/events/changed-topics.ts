// Which topics a change touches: of a request that was answered, or of a part of the snapshot that was published.
import type { SnapshotPatch } from "../../domain/snapshot.ts";
import type { Topic } from "../../domain/topics.ts";

/** By the first segment of a route. Those that are not here change nothing, whatever their method. */
const ofResource: Readonly<Record<string, readonly Topic[]>> = {
  endpoints: ["endpoints", "models"],
  "deleted-endpoints": ["endpoints", "models"],
  models: ["models"],
  prices: ["prices"],
  manifests: ["manifests", "endpoints", "models"],
  keys: ["keys"],
  requests: ["usage"],
  users: ["users", "groups", "keys", "sessions"],
  groups: ["groups", "users"],
  sessions: ["sessions"],
  password: ["users", "sessions"],
  setup: ["users", "sessions"],
  exports: ["exports"],
};

/** Of an answer with success. `route`: its pattern behind the prefix of the API, "/keys/:id". */
export function topicsOfRequest(method: string, route: string): readonly Topic[] {
  const reads = method === "GET" || method === "HEAD" || method === "OPTIONS";
  if (reads || route === "/endpoints/validate") return [];
  const changed = ofResource[route.split("/", 2)[1] as string];
  return changed === undefined ? [] : [...changed, "audit"];
}

const ofPart: Readonly<Record<"all" | SnapshotPatch["part"], readonly Topic[]>> = {
  all: ["configuration", "endpoints", "models", "prices", "manifests", "keys", "users", "groups"],
  routing: ["configuration", "endpoints", "models", "prices"],
  key: ["configuration", "keys"],
  users: ["configuration", "users", "groups"],
};

export function topicsOfSnapshot(part: "all" | SnapshotPatch["part"]): readonly Topic[] {
  return ofPart[part];
}
