// Which models are there for whom: what groups grant, what keys keep back, and what is for some groups only.
import { describe, expect, test } from "vitest";
import { contentOf, endpointOf, groupOf, keyOf, modelOf, targetOf } from "../domain/fixtures/views.ts";
import { groupIdOf, type ProvenIdentity, userIdOf } from "../domain/identity.ts";
import { noLimits } from "../domain/limits.ts";
import type { SnapshotContent, UserView } from "../domain/snapshot.ts";
import { type Principal, payerOf } from "./access.ts";
import { Snapshot } from "./snapshot.ts";

function user(id: string, groupIds: string[], changes: Partial<UserView> = {}): UserView {
  return { id, name: id, groupIds, assignedGroupIds: [], isDisabled: false, primaryGroupId: null, limits: null, ...changes };
}

function caller(subject: string, groups: string[] | null): ProvenIdentity {
  const rest = { username: null, name: null, email: null, idpId: null, idpName: null, issuedAtMs: null, expiresAtMs: null };
  return {
    userId: userIdOf("idp", subject),
    source: "idp",
    subject,
    groups: groups?.map((id) => ({ externalId: id, name: id })) ?? null,
    authService: "oidc",
    ...rest,
  };
}

const names = ["gpt-4", "gpt-5", "claude", "secret"];

function snapshotOf(changes: Partial<SnapshotContent>): Snapshot {
  const models = names.map((name) => modelOf({ name, deployments: [targetOf({ id: `dep_${name}` })] }));
  return new Snapshot(contentOf({ endpoints: [endpointOf()], models, ...changes }));
}

const narrowed = groupOf({ models: ["claude"] });
const research = groupOf({ name: "research", models: ["gpt-*"] });
const ops = groupOf({ name: "ops", models: ["secret"] });

function usable(snapshot: Snapshot, principal: Principal | undefined): string[] {
  return [...snapshot.routesFor(principal as Principal)].map(({ model }) => model.name);
}

describe("groups grant", () => {
  const groups = [narrowed, research, ops];
  const users = [user("usr_1", [research.id]), user("usr_2", [research.id, ops.id]), user("usr_3", [])];
  const keys = [
    keyOf({ id: "of nobody" }),
    keyOf({ id: "of a group", groupId: research.id }),
    keyOf({ id: "of 1", userId: "usr_1" }),
    keyOf({ id: "of 2", userId: "usr_2", groupId: ops.id }),
    keyOf({ id: "of 3", userId: "usr_3", groupId: ops.id }),
    keyOf({ id: "of 2, listed", userId: "usr_2", models: ["gpt-4", "secret", "nothing"] }),
    keyOf({ id: "of 1, wide", userId: "usr_1", models: ["*"] }),
    keyOf({ id: "of 1, more than theirs", userId: "usr_1", models: ["secret"] }),
    keyOf({ id: "of one who is gone", userId: "usr_gone" }),
  ];
  const snapshot = snapshotOf({ groups, users, keys });

  test.each([
    ["of nobody", ["claude"]],
    ["of a group", ["claude", "gpt-4", "gpt-5"]],
    ["of 1", ["claude", "gpt-4", "gpt-5"]],
    ["of 2", ["claude", "gpt-4", "gpt-5", "secret"]],
    // Who pays is not who may.
    ["of 3", ["claude"]],
    ["of 2, listed", ["gpt-4", "secret"]],
    ["of 1, wide", ["claude", "gpt-4", "gpt-5"]],
    ["of 1, more than theirs", []],
    ["of one who is gone", ["claude"]],
  ])("a key %s", (id, expected) => {
    expect(usable(snapshot, snapshot.principalOfKey(id))).toEqual(expected);
  });

  test("a change of a user, or of a group, takes effect on keys at once, and on nobody else's", () => {
    const changing = snapshotOf({ groups, users, keys });
    changing.apply({ part: "users", version: 2, users: [user("usr_1", [ops.id])], groups: null }, 0);
    expect(usable(changing, changing.principalOfKey("of 1"))).toEqual(["claude", "secret"]);
    expect(usable(changing, changing.principalOfKey("of 2"))).toEqual(["claude", "gpt-4", "gpt-5", "secret"]);
    const without = [narrowed, ops, groupOf({ name: "research", models: [] })];
    changing.apply({ part: "users", version: 3, users: [], groups: without }, 0);
    expect(usable(changing, changing.principalOfKey("of 2"))).toEqual(["claude", "secret"]);
  });
});

describe("callers with a token", () => {
  const physics = groupOf({ name: "Physics", source: "idp", externalId: "g-1", models: ["gpt-*"] });
  const known = { ...physics, id: groupIdOf("idp", "g-1") };
  const local = groupOf({ name: "admins", models: ["secret"] });
  const groups = [narrowed, known, local];

  function principalOf(
    identity: ProvenIdentity,
    users: UserView[] = [],
    more: Partial<SnapshotContent> = {},
  ): [Snapshot, Principal] {
    const snapshot = snapshotOf({ groups, users, ...more });
    return [snapshot, snapshot.principalOf(identity, noLimits)];
  }

  test("have their groups' models from the first call on, before there is a row of theirs", () => {
    expect(usable(...principalOf(caller("new", ["g-1", "g-unheard-of"])))).toEqual(["claude", "gpt-4", "gpt-5"]);
    expect(usable(...principalOf(caller("new", [])))).toEqual(["claude"]);
  });

  test("the token is newer than what the database has of its provider; what an administrator says stays", () => {
    const identity = caller("u", []);
    const row = user(identity.userId, [known.id, local.id]);
    expect(usable(...principalOf(identity, [row]))).toEqual(["claude", "secret"]);
    // Not asked for: what is known still holds.
    expect(usable(...principalOf(caller("u", null), [row]))).toEqual(["claude", "gpt-4", "gpt-5", "secret"]);
  });

  test("a provider can't make anybody a member of a group that was made here by giving one of its own the same name", () => {
    const [snapshot, principal] = principalOf(caller("u", ["admins"]));
    expect(usable(snapshot, principal)).toEqual(["claude"]);
    expect(principal.groupNames.has("admins")).toBe(false);
    const models = [modelOf({ name: "claude", groups: ["admins"], deployments: [targetOf()] })];
    const [restricted, same] = principalOf(caller("u", ["admins"]), [], { models });
    expect(usable(restricted, same)).toEqual([]);
  });

  test("the primary group pays, else the first by name that grants the model, else everyone", () => {
    const [, principal] = principalOf(caller("u", ["g-1"]));
    expect(payerOf(principal, undefined, "gpt-4")).toBe(known.id);
    expect(payerOf(principal, undefined, "claude")).toBe("grp_everyone");
    expect(payerOf(principal, user("u", [], { primaryGroupId: "grp_x" }), "gpt-4")).toBe("grp_x");
  });
});

describe("what is for some groups only", () => {
  const keys = [keyOf({ id: "in", groupId: research.id }), keyOf({ id: "out" })];
  const groups = [groupOf(), research];

  test.each([
    ["by name", "research"],
    ["by id", research.id],
  ])("a model (%s) is not there for others", (_how, group) => {
    const models = [modelOf({ name: "m", groups: [group], deployments: [targetOf()] })];
    const snapshot = new Snapshot(contentOf({ groups, keys, endpoints: [endpointOf()], models }));
    expect(usable(snapshot, snapshot.principalOfKey("in"))).toEqual(["m"]);
    expect(usable(snapshot, snapshot.principalOfKey("out"))).toEqual([]);
  });

  test("an endpoint is left out of the pool of others; a model of such endpoints alone is not there", () => {
    const endpoints = [endpointOf({ id: "ep_open" }), endpointOf({ id: "ep_closed", groups: ["research"] })];
    const open = targetOf({ id: "dep_open", endpointId: "ep_open" });
    const closed = targetOf({ id: "dep_closed", endpointId: "ep_closed" });
    const models = [modelOf({ name: "both", deployments: [open, closed] }), modelOf({ name: "closed", deployments: [closed] })];
    const snapshot = new Snapshot(contentOf({ groups, keys, endpoints, models }));
    const targetsOf = (id: string) =>
      snapshot.routeFor(snapshot.principalOfKey(id) as Principal, "both")?.active.map(({ deployment }) => deployment.id);
    expect(targetsOf("in")).toEqual(["dep_open", "dep_closed"]);
    expect(targetsOf("out")).toEqual(["dep_open"]);
    expect(usable(snapshot, snapshot.principalOfKey("out"))).toEqual(["both"]);
  });

  test("an empty list is for nobody", () => {
    const models = [modelOf({ name: "m", groups: [], deployments: [targetOf()] })];
    const snapshot = new Snapshot(contentOf({ groups, keys, endpoints: [endpointOf()], models }));
    expect(usable(snapshot, snapshot.principalOfKey("in"))).toEqual([]);
  });
});
