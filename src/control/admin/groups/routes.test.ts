// Groups through the admin API: what they grant, who is in them, and what can't be done to them.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { everyoneGroupId } from "../../../domain/everyone.ts";
import { groupIdOf } from "../../../domain/identity.ts";

let api: AdminApiUnderTest;
beforeAll(async () => {
  api = await startAdminApi();
});
afterAll(() => api.close());

let made = 0;
const makeGroup = async (body: object = {}) => (await api.call("POST", "/groups", { name: `group ${made++}`, ...body })).body;
const makeUser = async (name = "Ann") => (await api.call("POST", "/users", { name })).body;
const modelsOf = async (id: string) => (await api.call("GET", `/groups/${id}`)).body.models;

describe("groups", () => {
  it("are made, with nothing granted where nothing is said, and published before the answer", async () => {
    const answer = await api.call("POST", "/groups", { name: "physics" });
    expect([answer.status, answer.headers.get("etag"), api.published.at(-1)]).toEqual([201, '"1"', "people groups"]);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^grp_/),
      name: "physics",
      models: [],
      limits: {},
      bodies: null,
      source: null,
      external_id: null,
      member_count: 0,
      key_count: 0,
      created_at: answer.body.created_at,
      updated_at: answer.body.created_at,
      version: 1,
    });
    const more = await makeGroup({ models: ["gpt-*", "gpt-*", "*"], limits: { requests_per_minute: 6 } });
    expect(more).toMatchObject({ models: ["gpt-*", "*"], limits: { requests_per_minute: 6 } });
    const taken = await api.call("POST", "/groups", { name: "physics" });
    expect([taken.status, taken.body.error.code, taken.body.error.field]).toEqual([409, "name_conflict", "name"]);
  });

  it("of a provider can be set up before their first sight, under the id that they will have", async () => {
    const group = await makeGroup({ name: "Staff", source: "globus", external_id: "1234", models: ["*"] });
    expect(group).toMatchObject({ id: groupIdOf("globus", "1234"), source: "globus", external_id: "1234" });
    const again = await api.call("POST", "/groups", { name: "Staff 2", source: "globus", external_id: "1234" });
    expect([again.status, again.body.error.code, again.body.error.field]).toEqual([409, "name_conflict", "external_id"]);
  });

  it("names the field of anything that is not allowed", async () => {
    const before = (await api.storage.groups.all()).length;
    const cases: [object, string][] = [
      [{ name: "" }, "name"],
      [{ name: "grp_everyone" }, "name"],
      [{ models: [""] }, "models.0"],
      [{ models: "all" }, "models"],
      [{ limits: { tokens_per_minute: 0 } }, "limits.tokens_per_minute"],
      [{ source: "globus" }, "external_id"],
      [{ external_id: "1" }, "source"],
      [{ source: "admin", external_id: "1" }, "source"],
      [{ members: [] }, "members"],
    ];
    for (const [body, field] of cases) {
      const answer = await api.call("POST", "/groups", { name: "new", ...body });
      expect([body, answer.status, answer.body.error?.field]).toEqual([body, 422, field]);
    }
    expect(await api.storage.groups.all()).toHaveLength(before);
  });

  it("PATCH renames, replaces models, merges limits, and holds If-Match", async () => {
    const group = await makeGroup({ models: ["a"], limits: { requests_per_second: 1 } });
    const path = `/groups/${group.id}`;
    const changed = await api.call("PATCH", path, { name: "renamed", models: ["b"], limits: { requests_per_minute: 2 } });
    expect(changed.body).toMatchObject({
      name: "renamed",
      models: ["b"],
      limits: { requests_per_second: 1, requests_per_minute: 2 },
      version: 2,
    });
    const cleared = await api.call("PATCH", path, { models: null, limits: null });
    expect(cleared.body).toMatchObject({ name: "renamed", models: [], limits: {}, version: 3 });
    expect((await api.call("PATCH", path, { name: "everyone" })).body.error.code).toBe("name_conflict");
    expect((await api.call("PATCH", path, { name: "renamed" })).body.version).toBe(3);
    expect((await api.call("PATCH", path, { source: "x" })).body.error.field).toBe("source");
    const headers = { "if-match": '"2"' };
    for (const [method, suffix] of [
      ["PATCH", ""],
      ["DELETE", ""],
      ["PUT", "/models/c"],
      ["DELETE", "/models/c"],
    ] as const) {
      const answer = await api.call(method, path + suffix, method === "PATCH" ? { models: ["c"] } : undefined, { headers });
      expect([method, suffix, answer.status]).toEqual([method, suffix, 412]);
    }
    expect(await modelsOf(group.id)).toEqual([]);
  });

  it("are listed by name, page by page, and published to nobody", async () => {
    const all = (await api.call("GET", "/groups")).body.data;
    const names = all.map(({ name }: { name: string }) => name);
    expect(names).toContain("everyone");
    expect(names).toEqual(names.toSorted());
    const first = (await api.call("GET", "/groups?limit=1")).body;
    const second = (await api.call("GET", `/groups?limit=1&cursor=${first.next_cursor}`)).body;
    expect([...first.data, ...second.data]).toEqual(all.slice(0, 2));
  });
});

describe("models of a group", () => {
  it("are granted and taken back one at a time, any name or pattern, as often as one likes", async () => {
    const { id } = await makeGroup();
    const awkward = ["*", "meta/llama-3 8b?", "é".repeat(256), "50%", "gpt-*"];
    for (const model of [...awkward, "*"]) {
      const answer = await api.call("PUT", `/groups/${id}/models/${encodeURIComponent(model)}`);
      expect([model, answer.status, answer.text]).toEqual([model, 204, ""]);
    }
    expect(api.published.at(-1)).toBe("people groups");
    expect(await modelsOf(id)).toEqual(awkward);
    for (const model of [...awkward.slice(0, -1), "*"]) {
      expect((await api.call("DELETE", `/groups/${id}/models/${encodeURIComponent(model)}`)).status).toBe(204);
    }
    expect(await modelsOf(id)).toEqual(["gpt-*"]);
    const long = await api.call("PUT", `/groups/${id}/models/${"x".repeat(257)}`);
    expect([long.status, long.body.error.field]).toEqual([422, "model"]);
    expect((await api.call("PUT", "/groups/grp_nobody/models/a")).status).toBe(404);
  });
});

describe("members", () => {
  it("come and go, as often as one likes, published by user", async () => {
    const group = await makeGroup();
    const user = await makeUser();
    const path = `/groups/${group.id}/members/${user.id}`;
    for (const _twice of [1, 2]) expect((await api.call("PUT", path)).status).toBe(204);
    expect(api.published.filter((line) => line === `people ${user.id}`)).toHaveLength(2); // made, and put in once
    expect((await api.call("GET", `/groups/${group.id}/members`)).body).toEqual({
      data: [{ id: user.id, name: "Ann", source: "admin", created_at: expect.any(String) }],
      next_cursor: null,
    });
    expect((await api.call("GET", `/groups/${group.id}`)).body.member_count).toBe(1);
    for (const _twice of [1, 2]) expect((await api.call("DELETE", path)).status).toBe(204);
    expect((await api.call("GET", `/groups/${group.id}/members`)).body.data).toEqual([]);
    for (const wrong of [`/groups/grp_nobody/members/${user.id}`, `/groups/${group.id}/members/usr_nobody`]) {
      for (const method of ["PUT", "DELETE"]) expect((await api.call(method, wrong)).status).toBe(404);
    }
    expect((await api.call("GET", "/groups/grp_nobody/members")).status).toBe(404);
  });

  it("whom a provider says to be in stay, whatever an administrator takes back of what it said itself", async () => {
    const group = await makeGroup({ source: "globus", external_id: "staff" });
    const user = await makeUser();
    const path = `/groups/${group.id}/members/${user.id}`;
    await api.storage.groups.addMember({ group_id: group.id, user_id: user.id, source: "globus", created_at: 1 });
    await api.call("PUT", path);
    expect((await api.call("GET", `/groups/${group.id}`)).body.member_count).toBe(1);
    expect((await api.call("GET", `/groups/${group.id}/members?limit=1`)).body).toMatchObject({
      data: [{ id: user.id, source: "admin" }],
      next_cursor: expect.any(String),
    });
    expect((await api.call("DELETE", path)).status).toBe(204);
    const refused = await api.call("DELETE", path);
    expect([refused.status, refused.body.error.code, refused.body.error.field]).toEqual([422, "invalid_field", "user_id"]);
    expect(refused.body.error.message).toContain("globus");
    expect((await api.call("GET", `/groups/${group.id}`)).body.member_count).toBe(1);
  });
});

describe("deleting a group", () => {
  it("is refused while keys are paid by it, and says how many", async () => {
    const { id } = await makeGroup();
    const keys: string[] = [];
    for (const name of ["one", "two"]) keys.push((await api.call("POST", "/keys", { name, group_id: id })).body.id);
    const refused = await api.call("DELETE", `/groups/${id}`);
    expect([refused.status, refused.body.error.code]).toEqual([422, "invalid_field"]);
    expect(refused.body.error.message).toContain("2 keys");
    await api.call("DELETE", `/keys/${keys[0]}`);
    expect((await api.call("DELETE", `/groups/${id}`)).body.error.message).toContain("1 key is");
    await api.call("PATCH", `/keys/${keys[1]}`, { group_id: null });
    expect((await api.call("DELETE", `/groups/${id}`)).status).toBe(204);
    expect((await api.call("GET", `/groups/${id}`)).status).toBe(404);
  });

  it("takes it from its members, and from those whose primary group it was", async () => {
    const { id } = await makeGroup();
    const [member, paying] = [await makeUser("Bob"), await makeUser("Cid")];
    await api.call("PUT", `/groups/${id}/members/${member.id}`);
    await api.call("PATCH", `/users/${paying.id}`, { primary_group_id: id });
    expect((await api.call("DELETE", `/groups/${id}`)).status).toBe(204);
    expect(new Set(api.published.at(-1)?.split(" "))).toEqual(new Set(["people", member.id, paying.id, "groups"]));
    expect((await api.call("GET", `/users/${member.id}`)).body.groups).toEqual([]);
    expect((await api.call("GET", `/users/${paying.id}`)).body.primary_group_id).toBeNull();
  });
});

it("everyone can be narrowed and limited; it is never renamed, deleted, or given members", async () => {
  const path = `/groups/${everyoneGroupId}`;
  expect((await api.call("GET", path)).body).toMatchObject({ name: "everyone", models: ["*"], member_count: null });
  const narrowed = await api.call("PATCH", path, { models: ["gpt-*"], limits: { requests_per_second: 3 } });
  expect(narrowed.body).toMatchObject({ models: ["gpt-*"], limits: { requests_per_second: 3 } });
  expect((await api.call("PATCH", path, { models: null })).body.models).toEqual(["*"]);
  const renamed = await api.call("PATCH", path, { name: "all" });
  expect([renamed.status, renamed.body.error.field]).toEqual([422, "name"]);
  const user = await makeUser();
  for (const [method, suffix] of [
    ["DELETE", ""],
    ["PUT", `/members/${user.id}`],
    ["DELETE", `/members/${user.id}`],
  ] as const) {
    const { status, body } = await api.call(method, path + suffix);
    expect([method, suffix, status, body.error.code]).toEqual([method, suffix, 403, "not_allowed"]);
    expect(body.error.message).toContain("everyone");
  }
});
