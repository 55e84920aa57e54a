// What changes in an installation, by name: pages are told that something has changed, and ask again for what they show.
import { type Action, type Role, reachOf } from "./policy.ts";

/** Each with what somebody must be allowed to read to be told of it. */
const readBy = {
  endpoints: "endpoints.read",
  models: "models.read",
  prices: "prices.read",
  keys: "keys.read",
  users: "users.read",
  groups: "groups.read",
  manifests: "manifests.read",
  usage: "usage.read",
  health: "endpoints.read",
  system: "system.read",
  sessions: "sessions.read",
  audit: "audit.read",
  exports: "usage.read",
  configuration: "models.read",
} as const satisfies Record<string, Action>;

export type Topic = keyof typeof readBy;

export const topics = Object.keys(readBy) as [Topic, ...Topic[]];

/** Those of which `role` is told. */
export function topicsFor(role: Role): Topic[] {
  return topics.filter((topic) => reachOf(role, readBy[topic]) !== null);
}
