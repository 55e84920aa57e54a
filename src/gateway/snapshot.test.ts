// What a change makes anew: the principals that it concerns, when they are next asked for, and no others.
import { expect, test } from "vitest";
import { contentOf, groupOf, keyOf } from "../domain/fixtures/views.ts";
import type { UserView } from "../domain/snapshot.ts";
import { Snapshot } from "./snapshot.ts";

const user = (id: string, groupIds: string[]): UserView => ({
  id,
  name: id,
  groupIds,
  assignedGroupIds: groupIds,
  isDisabled: false,
  primaryGroupId: null,
  limits: null,
});
const everyone = groupOf({ models: [] });
const team = groupOf({ id: "grp_team", name: "team", models: ["m"] });

function snapshotOf() {
  const keys = [keyOf({ id: "of a", userId: "a" }), keyOf({ id: "of b", userId: "b" }), keyOf({ id: "of nobody" })];
  return new Snapshot(contentOf({ groups: [everyone, team], users: [user("a", []), user("b", [team.id])], keys }));
}

test("a user's change concerns that user's keys alone", () => {
  const snapshot = snapshotOf();
  const [a, b, nobody] = ["of a", "of b", "of nobody"].map((id) => snapshot.principalOfKey(id));
  snapshot.apply({ part: "users", version: 2, users: [user("a", [team.id]), user("c", [])], groups: null }, 0);
  expect(snapshot.principalOfKey("of a")?.grants("m")).toBe(true);
  expect(a?.grants("m")).toBe(false);
  expect(snapshot.principal("of b")).toBe(b);
  expect(snapshot.principal("of nobody")).toBe(nobody);
});

test("a group's change concerns everybody, at the next question", () => {
  const snapshot = snapshotOf();
  const [b, nobody] = ["of b", "of nobody"].map((id) => snapshot.principalOfKey(id));
  snapshot.apply({ part: "users", version: 2, users: [], groups: [{ ...everyone, models: ["n"] }] }, 0);
  expect([b, nobody].map((principal) => principal && snapshot.isCurrent(principal))).toEqual([false, false]);
  expect(snapshot.principal("of b")?.grants("m")).toBe(false);
  expect(snapshot.principal("of nobody")?.grants("n")).toBe(true);
  expect(snapshot.principal("of nobody")).toBe(snapshot.principalOfKey("of nobody"));
});

test("what was made from one snapshot is not current in the next", () => {
  const principal = snapshotOf().principalOfKey("of nobody");
  expect(principal && snapshotOf().isCurrent(principal)).toBe(false);
});
