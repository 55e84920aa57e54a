// Users through the admin API: made, listed, changed, deleted with their keys.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { everyoneGroupId } from "../../../domain/everyone.ts";
import { userIdOf } from "../../../domain/identity.ts";
import type { UserRow } from "../../../storage/ports/people.ts";

let api: AdminApiUnderTest;
beforeAll(async () => {
  api = await startAdminApi();
});
afterAll(() => api.close());

const makeUser = async (body: object = {}) => (await api.call("POST", "/users", { name: "a user", ...body })).body;
let groups = 0;
const makeGroup = async (body: object = {}) => (await api.call("POST", "/groups", { name: `group ${groups++}`, ...body })).body;

/** As the first token of somebody leaves it. */
async function provenUser(subject: string): Promise<UserRow> {
  const row: UserRow = {
    id: userIdOf("globus", subject),
    name: "Ann",
    email: "ann@uni.test",
    username: "ann@uni.test",
    role: "member",
    source: "globus",
    subject,
    primary_group_id: null,
    limits: null,
    last_seen_at: 1_800_000_000_000,
    password_hash: null,
    disabled_at: null,
    created_at: 1_800_000_000_000,
    updated_at: 1_800_000_000_000,
    version: 1,
  };
  await api.storage.users.insert(row);
  return row;
}

describe("users", () => {
  it("are made with a name alone, or with all there is, and published before the answer", async () => {
    const made = await api.call("POST", "/users", { name: "Ann" });
    expect([made.status, made.headers.get("etag")]).toEqual([201, '"1"']);
    expect(made.body).toEqual({
      id: expect.stringMatching(/^usr_/),
      name: "Ann",
      email: null,
      username: null,
      role: "member",
      source: "local",
      subject: null,
      primary_group_id: null,
      groups: [],
      limits: null,
      disabled: false,
      has_password: false,
      last_seen_at: null,
      created_at: made.body.created_at,
      updated_at: made.body.created_at,
      version: 1,
    });
    expect(api.published.at(-1)).toBe(`people ${made.body.id}`);
    const asked = {
      name: "Bob",
      email: "bob@uni.test",
      role: "auditor",
      primary_group_id: everyoneGroupId,
      limits: { requests_per_minute: 60 },
    };
    const bob = await makeUser(asked);
    expect(bob).toMatchObject(asked);
    expect((await api.call("GET", `/users/${bob.id}`)).body).toEqual(bob);
  });

  it("names the field of anything that is not allowed", async () => {
    const before = (await api.storage.users.all()).length;
    const cases: [object, string][] = [
      [{ name: undefined }, "name"],
      [{ name: " " }, "name"],
      [{ name: "a\nb" }, "name"],
      [{ name: "x".repeat(201) }, "name"],
      [{ email: "nobody" }, "email"],
      [{ role: "king" }, "role"],
      [{ primary_group_id: "grp_nobody" }, "primary_group_id"],
      [{ limits: { requests_per_second: 0 } }, "limits.requests_per_second"],
      [{ limits: { requests_per_second: 1.5 } }, "limits.requests_per_second"],
      [{ limits: { requests_per_minute: 1_000_001 } }, "limits.requests_per_minute"],
      [{ limits: { requests_per_hour: 1 } }, "limits.requests_per_hour"],
      [{ source: "globus" }, "source"],
    ];
    for (const [body, field] of cases) {
      const answer = await api.call("POST", "/users", { name: "a user", ...body });
      expect([body, answer.status, answer.body.error?.field]).toEqual([body, 422, field]);
    }
    expect(await api.storage.users.all()).toHaveLength(before);
  });

  it("PATCH clears with null, merges limits, and leaves alone what is left out", async () => {
    const group = await makeGroup();
    const user = await makeUser({
      email: "a@b.c",
      role: "operator",
      primary_group_id: group.id,
      limits: { requests_per_second: 5 },
    });
    const path = `/users/${user.id}`;
    const more = await api.call("PATCH", path, { name: "renamed", limits: { requests_per_minute: 60 } });
    expect(more.body).toMatchObject({
      name: "renamed",
      role: "operator",
      limits: { requests_per_second: 5, requests_per_minute: 60 },
      version: 2,
    });
    expect(more.headers.get("etag")).toBe('"2"');
    expect(api.published.at(-1)).toBe(`people ${user.id}`);
    const fewer = await api.call("PATCH", path, { limits: { requests_per_second: null, requests_per_minute: null } });
    expect(fewer.body.limits).toEqual({});
    const cleared = await api.call("PATCH", path, { email: null, role: null, primary_group_id: null, limits: null });
    expect(cleared.body).toMatchObject({ email: null, role: "member", primary_group_id: null, limits: null, version: 4 });
    const stale = await api.call("PATCH", path, { name: "again" }, { headers: { "if-match": '"1"' } });
    expect([stale.status, stale.body.error.code]).toEqual([412, "stale"]);
  });

  it("of a provider have what it says, and only the rest is an administrator's", async () => {
    const { id, name, email } = await provenUser("ann");
    const path = `/users/${id}`;
    expect((await api.call("GET", path)).body).toMatchObject({
      source: "globus",
      subject: "ann",
      username: "ann@uni.test",
      last_seen_at: "2027-01-15T08:00:00.000Z",
    });
    for (const patch of [{ name: "Anne" }, { email: null }]) {
      const { status, body } = await api.call("PATCH", path, patch);
      expect([status, body.error.field]).toEqual([422, Object.keys(patch)[0]]);
      expect(body.error.message).toContain("provider");
    }
    const changed = await api.call("PATCH", path, { name, email, role: "auditor", limits: { requests_per_second: 1 } });
    expect(changed.body).toMatchObject({ name, role: "auditor", limits: { requests_per_second: 1 } });
  });

  it("are deleted with their keys and memberships, published once", async () => {
    const user = await makeUser();
    const group = await makeGroup();
    await api.call("PUT", `/groups/${group.id}/members/${user.id}`);
    const keys = [];
    for (const name of ["one", "two"]) keys.push((await api.call("POST", "/keys", { name, user_id: user.id })).body.id);
    const other = (await api.call("POST", "/keys", { name: "other" })).body.id;
    const stale = await api.call("DELETE", `/users/${user.id}`, undefined, { headers: { "if-match": '"9"' } });
    expect(stale.status).toBe(412);
    const before = await api.storage.meta.configVersion();
    expect((await api.call("DELETE", `/users/${user.id}`)).status).toBe(204);
    expect(api.published.at(-1)).toBe(`people ${user.id}`);
    expect(await api.storage.meta.configVersion()).toBeGreaterThan(before + 1); // a patch of users alone would keep the keys
    for (const id of keys) expect((await api.call("GET", `/keys/${id}`)).status).toBe(404);
    expect((await api.call("GET", `/keys/${other}`)).status).toBe(200);
    expect((await api.call("GET", `/groups/${group.id}`)).body.member_count).toBe(0);
    for (const method of ["GET", "DELETE"]) expect((await api.call(method, `/users/${user.id}`)).status).toBe(404);
  });

  it("are listed by name, page by page, each with its groups", async () => {
    const user = await makeUser({ name: "Zoe" });
    const [b, a] = [await makeGroup({ name: "b list" }), await makeGroup({ name: "a list" })];
    for (const { id } of [b, a]) await api.call("PUT", `/groups/${id}/members/${user.id}`);
    await api.storage.groups.addMember({ group_id: a.id, user_id: user.id, source: "globus", created_at: 1 });
    const all = (await api.call("GET", "/users")).body;
    const names = all.data.map(({ name }: { name: string }) => name);
    expect(names).toEqual(names.toSorted());
    expect(all.data.find(({ id }: { id: string }) => id === user.id).groups).toEqual([
      { id: a.id, name: "a list", source: "admin" },
      { id: a.id, name: "a list", source: "globus" },
      { id: b.id, name: "b list", source: "admin" },
    ]);
    const paged: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: { data: { id: string }[]; next_cursor: string | null } = (
        await api.call("GET", `/users?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`)
      ).body;
      paged.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(paged).toEqual(all.data.map(({ id }: { id: string }) => id));
  });
});
