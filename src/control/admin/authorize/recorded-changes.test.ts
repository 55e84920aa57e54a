// The log of what is done to keys, users, groups and their members: each change once, with who asked, and never a secret.
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { type Person, person } from "../../../../test/support/people.ts";
import { refuseAudit } from "../../../../test/support/refuse-audit.ts";

let api: AdminApiUnderTest;
let boss: Person;
beforeAll(async () => {
  api = await startAdminApi();
  boss = await person(api, "administrator", "Ada");
  await person(api, "administrator", "Bea");
});
afterAll(() => api.close());
let sinceIds: Set<string>;
const entries = async () => (await api.storage.audit.page({}, { limit: 1000 })).rows;
beforeEach(async () => {
  sinceIds = new Set((await entries()).map(({ id }) => id));
});

/** Oldest first. */
async function recorded() {
  const rows = (await entries()).filter(({ id }) => !sinceIds.has(id)).reverse();
  const parsed = (text: string | null) => (text === null ? null : JSON.parse(text));
  return rows.map((row) => ({ ...row, before: parsed(row.before), after: parsed(row.after) }));
}

it("keys: made, changed, rotated, revoked", async () => {
  const made = (await boss.call("POST", "/keys", { name: "ci" })).body;
  const path = `/keys/${made.id}`;
  await boss.call("PATCH", path, { name: "cd", scopes: ["inference", "passthrough"] });
  const rotated = await boss.call("POST", `${path}/rotate`, { overlap_seconds: 60 });
  await boss.call("DELETE", path);
  const log = await recorded();
  expect(log.map(({ action }) => action)).toEqual(["key.create", "key.update", "key.rotate", "key.delete"]);
  for (const each of log) {
    expect(each).toMatchObject({
      actor_kind: "user",
      actor_id: boss.id,
      actor_name: "Ada",
      address: "127.0.0.1",
      request_id: expect.stringMatching(/^req_/),
      resource_kind: "key",
      resource_id: made.id,
    });
  }
  expect(log.map(({ resource_name }) => resource_name)).toEqual(["ci", "cd", "cd", "cd"]);
  expect([log[0]?.before, log[3]?.after]).toEqual([null, null]);
  expect(log[1]).toMatchObject({
    before: { name: "ci", scopes: ["inference"] },
    after: { name: "cd", scopes: ["inference", "passthrough"] },
  });
  expect(log[1]?.before).not.toHaveProperty("group_id");
  expect([log[2]?.before.prefix, log[2]?.after.prefix]).toEqual([made.prefix, rotated.body.prefix]);
  for (const secret of [made.key, rotated.body.key]) expect(JSON.stringify(log)).not.toContain(secret);
  expect(JSON.stringify(log)).not.toMatch(/digest/);
});

it("users: made, changed, deleted with each of their keys", async () => {
  const made = (await boss.call("POST", "/users", { name: "Cem", email: "cem@uni.test" })).body;
  await boss.call("PATCH", `/users/${made.id}`, { role: "operator", disabled: true });
  const key = (await boss.call("POST", "/keys", { name: "of Cem", user_id: made.id })).body;
  await boss.call("DELETE", `/users/${made.id}`);
  const log = await recorded();
  expect(log.map(({ action, resource_id }) => [action, resource_id])).toEqual([
    ["user.create", made.id],
    ["user.update", made.id],
    ["key.create", key.id],
    ["key.delete", key.id],
    ["user.delete", made.id],
  ]);
  expect(log[1]).toMatchObject({ before: { role: "member", disabled: false }, after: { role: "operator", disabled: true } });
  expect(log[4]).toMatchObject({ resource_name: "Cem", before: { email: "cem@uni.test" }, after: null });
});

it("groups: made, changed, their models and members, deleted; and nothing where nothing changes", async () => {
  const made = (await boss.call("POST", "/groups", { name: "lab" })).body;
  const path = `/groups/${made.id}`;
  await boss.call("PATCH", path, { name: "Lab", limits: { requests_per_second: 2 } });
  for (const method of ["PUT", "PUT", "DELETE", "DELETE"]) await boss.call(method, `${path}/models/gpt-*`);
  for (const method of ["PUT", "PUT", "DELETE", "DELETE"]) await boss.call(method, `${path}/members/${boss.id}`);
  await boss.call("DELETE", path);
  const log = await recorded();
  expect(log.map(({ action }) => action)).toEqual([
    "group.create",
    "group.update",
    "group.grant_model",
    "group.revoke_model",
    "group.add_member",
    "group.remove_member",
    "group.delete",
  ]);
  for (const each of log) expect(each).toMatchObject({ resource_kind: "group", resource_id: made.id });
  expect(log[1]).toMatchObject({
    before: { name: "lab", limits: {} },
    after: { name: "Lab", limits: { requests_per_second: 2 } },
  });
  expect([log[2]?.before.models, log[2]?.after.models]).toEqual([[], ["gpt-*"]]);
  const member = { member: { id: boss.id, name: "Ada" } };
  expect([log[4]?.before, log[4]?.after, log[5]?.before, log[5]?.after]).toEqual([null, member, member, null]);
});

it("what is refused is not in the log, and what can't be logged does not happen", async () => {
  const group = (await api.call("POST", "/groups", { name: "kept" })).body;
  const key = (await api.call("POST", "/keys", { name: "kept" })).body;
  const user = (await api.call("POST", "/users", { name: "kept" })).body;
  const state = async () => {
    const { keys, users, groups } = api.storage;
    return [await keys.all(), await users.all(), await groups.all(), await groups.members()];
  };
  const before = await state();
  const count = (await recorded()).length;
  await boss.call("PATCH", `/keys/${key.id}`, { group_id: "grp_nothing" });
  await boss.call("PATCH", `/users/${boss.id}`, { role: "member" });
  expect(await recorded()).toHaveLength(count);

  const accept = refuseAudit(api.dataDir);
  try {
    for (const [method, path, body] of [
      ["POST", "/keys", { name: "x" }],
      ["PATCH", `/keys/${key.id}`, { name: "x" }],
      ["POST", `/keys/${key.id}/rotate`, undefined],
      ["DELETE", `/keys/${key.id}`, undefined],
      ["POST", "/users", { name: "x" }],
      ["PATCH", `/users/${user.id}`, { name: "x" }],
      ["DELETE", `/users/${user.id}`, undefined],
      ["POST", "/groups", { name: "x" }],
      ["PATCH", `/groups/${group.id}`, { name: "x" }],
      ["PUT", `/groups/${group.id}/models/x`, undefined],
      ["PUT", `/groups/${group.id}/members/${user.id}`, undefined],
      ["DELETE", `/groups/${group.id}`, undefined],
    ] as const) {
      expect([method, path, (await api.call(method, path, body)).status >= 500]).toEqual([method, path, true]);
    }
  } finally {
    accept();
  }
  expect(await state()).toEqual(before);
});
