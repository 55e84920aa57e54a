// Who may do what in the control plane: one table, which the API holds every route to and the pages read.

export const roles = ["administrator", "operator", "group_manager", "member", "auditor"] as const;
export type Role = (typeof roles)[number];

/**
 * How far a permission reaches: `all` of the installation; `groups`: what belongs to groups that one is in, and what is one's own;
 * `own`: one's own alone.
 */
export type Reach = "all" | "groups" | "own";

/** What the routes of the admin API do. Reading names what is read, `write` covers making, changing and removing. */
export const actions = [
  "endpoints.read",
  "endpoints.write",
  "models.read",
  "models.write",
  "prices.read",
  "prices.write",
  "manifests.read",
  "manifests.write",
  "explain",
  "keys.read",
  "keys.write",
  "users.read",
  "users.write",
  "groups.read",
  "groups.write",
  "members.write",
  "usage.read",
  "requests.read",
  "bodies.read",
  "bodies.write",
  "playground",
  "audit.read",
  "sessions.read",
  "sessions.write",
  "system.read",
] as const;
export type Action = (typeof actions)[number];

const policy: Readonly<Record<Role, Partial<Record<Action, Reach>>>> = {
  administrator: Object.fromEntries(actions.map((action) => [action, "all"])),
  operator: {
    "endpoints.read": "all",
    "endpoints.write": "all",
    "models.read": "all",
    "models.write": "all",
    "prices.read": "all",
    "prices.write": "all",
    "manifests.read": "all",
    "manifests.write": "all",
    explain: "all",
    "keys.read": "own",
    "keys.write": "own",
    "users.read": "own",
    "groups.read": "all",
    "usage.read": "all",
    "requests.read": "all",
    "bodies.read": "own",
    "bodies.write": "own",
    playground: "own",
    "sessions.read": "own",
    "sessions.write": "own",
    "system.read": "all",
  },
  group_manager: {
    "models.read": "own",
    "prices.read": "own",
    explain: "own",
    "keys.read": "groups",
    "keys.write": "groups",
    "users.read": "groups",
    "groups.read": "groups",
    "members.write": "groups",
    "usage.read": "groups",
    "requests.read": "groups",
    "bodies.read": "own",
    "bodies.write": "own",
    playground: "own",
    "sessions.read": "own",
    "sessions.write": "own",
  },
  member: {
    "models.read": "own",
    "prices.read": "own",
    explain: "own",
    "keys.read": "own",
    "keys.write": "own",
    "users.read": "own",
    "groups.read": "own",
    "usage.read": "own",
    "requests.read": "own",
    "bodies.read": "own",
    "bodies.write": "own",
    playground: "own",
    "sessions.read": "own",
    "sessions.write": "own",
  },
  auditor: {
    "endpoints.read": "all",
    "models.read": "all",
    "prices.read": "all",
    "manifests.read": "all",
    explain: "all",
    "keys.read": "all",
    "users.read": "all",
    "groups.read": "all",
    "usage.read": "all",
    "requests.read": "all",
    "bodies.read": "all",
    "audit.read": "all",
    "sessions.read": "all",
    "system.read": "all",
  },
};

/** How far `action` reaches for `role`; null: not at all. */
export function reachOf(role: Role, action: Action): Reach | null {
  return policy[role][action] ?? null;
}

/** All that `role` allows. */
export function permissionsOf(role: Role): Partial<Record<Action, Reach>> {
  return policy[role];
}
