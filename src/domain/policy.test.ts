// The table of roles: what must hold of it, whatever cells are added.
import { describe, expect, it } from "vitest";
import { type Action, actions, permissionsOf, type Reach, type Role, reachOf, roles } from "./policy.ts";

const width: Record<Reach, number> = { own: 1, groups: 2, all: 3 };
/** 0: not at all. */
const widthOf = (role: Role, action: Action) => {
  const reach = reachOf(role, action);
  return reach === null ? 0 : width[reach];
};
const allowed = (role: Role) => actions.filter((action) => reachOf(role, action) !== null);

describe("the policy", () => {
  it("lets administrators do everything, everywhere", () => {
    for (const action of actions) expect([action, reachOf("administrator", action)]).toEqual([action, "all"]);
  });

  it("lets auditors read everything and change nothing", () => {
    const reading = actions.filter((action) => action.endsWith(".read") || action === "explain");
    expect(allowed("auditor")).toEqual(reading);
    for (const action of reading) expect([action, reachOf("auditor", action)]).toEqual([action, "all"]);
  });

  it("lets managers of groups do all that members may, as far or further", () => {
    for (const action of actions) expect(widthOf("group_manager", action)).toBeGreaterThanOrEqual(widthOf("member", action));
    expect(allowed("member").every((action) => reachOf("member", action) === "own")).toBe(true);
  });

  it("has nobody but administrators make users and groups, and nobody but those and auditors read the log", () => {
    const having = (action: Action) => roles.filter((role) => reachOf(role, action) !== null);
    for (const action of ["users.write", "groups.write"] as const) expect(having(action)).toEqual(["administrator"]);
    expect(having("members.write")).toEqual(["administrator", "group_manager"]);
    expect(having("audit.read")).toEqual(["administrator", "auditor"]);
    for (const action of ["endpoints.write", "models.write", "manifests.write"] as const) {
      expect(having(action)).toEqual(["administrator", "operator"]);
    }
    // The reach with which a key of any scope, for anybody, is made.
    expect(roles.filter((role) => reachOf(role, "keys.write") === "all")).toEqual(["administrator"]);
  });

  it("never lets somebody write what they can't read, nor further than they read", () => {
    for (const role of roles) {
      for (const resource of ["endpoints", "models", "manifests", "keys", "users", "groups", "sessions"] as const) {
        expect([role, resource, widthOf(role, `${resource}.write`) <= widthOf(role, `${resource}.read`)]).toEqual([
          role,
          resource,
          true,
        ]);
      }
    }
  });

  it("gives the whole of a role as it gives each cell", () => {
    for (const role of roles) {
      const whole = permissionsOf(role);
      for (const action of actions) expect(whole[action] ?? null).toBe(reachOf(role, action));
    }
  });
});
