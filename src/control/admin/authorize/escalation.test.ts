// Nobody gives what they don't have, or gets more by any field that they may change.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, type Answer, startAdminApi } from "../../../../test/support/admin-api.ts";
import { type Person, person, ways } from "../../../../test/support/people.ts";
import { everyoneGroupId } from "../../../domain/everyone.ts";
import { roles } from "../../../domain/policy.ts";
import { userRow } from "../../../storage/rows.contract.ts";

let api: AdminApiUnderTest;
beforeAll(async () => {
  api = await startAdminApi();
});
afterAll(() => api.close());

let count = 0;
/** Two groups, with a manager and a member in the first, and somebody else in the second. */
let first: string;
let second: string;
let manager: Person;
let member: Person;
let other: Person;
beforeEach(async () => {
  count++;
  const group = async (name: string) => (await api.call("POST", "/groups", { name: `${name} ${count}` })).body.id as string;
  [first, second] = [await group("first"), await group("second")];
  manager = await person(api, "group_manager", `manager ${count}`);
  member = await person(api, "member", `member ${count}`);
  other = await person(api, "member", `other ${count}`);
  for (const [id, user] of [
    [first, manager],
    [first, member],
    [second, other],
  ] as const) {
    await api.call("PUT", `/groups/${id}/members/${user.id}`);
  }
});

const makeKey = async (body: object): Promise<string> => (await api.call("POST", "/keys", { name: "made", ...body })).body.id;
/** Gives somebody an e-mail address that is nobody else's. */
async function addressOf({ id }: Person): Promise<string> {
  const email = `${id}@example.test`;
  await api.storage.users.update(id, { email });
  return email;
}
const codeOf = ({ status, body }: Answer) => (body?.error === undefined ? status : `${status} ${body.error.code}`);
const denied = "403 not_allowed";

/** Nothing of the key, whoever asked for what. */
async function unchanged(id: string, work: () => Promise<void>): Promise<void> {
  const before = await api.storage.keys.get(id);
  await work();
  expect(await api.storage.keys.get(id)).toEqual(before);
}

describe("a member", () => {
  it("makes keys for themselves, paid by their groups", async () => {
    for (const way of ways) {
      const plain = await member.call("POST", "/keys", { name: "mine" }, way);
      expect(plain.body).toMatchObject({ user_id: member.id, group_id: everyoneGroupId, scopes: ["inference"], limits: {} });
      const paid = await member.call("POST", "/keys", { name: "mine", user_id: member.id, group_id: first }, way);
      expect(paid.body).toMatchObject({ user_id: member.id, group_id: first });
      const forNobody = await member.call("POST", "/keys", { name: "mine", user_id: null }, way);
      expect(forNobody.body.user_id).toBe(member.id);
    }
    await api.call("PATCH", `/users/${member.id}`, { primary_group_id: second });
    expect((await member.call("POST", "/keys", { name: "mine" })).body.group_id).toBe(second);
    expect((await member.call("POST", "/keys", { name: "mine", group_id: second })).status).toBe(201);
  });

  it("makes none for others, none that others pay, none with more than 'inference', and none with limits", async () => {
    const before = (await api.storage.keys.all()).length;
    const attempts: [object, string][] = [
      [{ user_id: other.id }, "user_id"],
      [{ user_id: manager.id }, "user_id"],
      [{ user_id: "usr_nobody" }, "user_id"],
      [{ group_id: second }, "group_id"],
      [{ group_id: "grp_nothing" }, "group_id"],
      [{ scopes: ["admin"] }, "scopes"],
      [{ scopes: ["inference", "passthrough"] }, "scopes"],
      [{ limits: { requests_per_minute: 1_000_000 } }, "limits"],
      [{ limits: {} }, "limits"],
    ];
    for (const way of ways) {
      for (const [body, field] of attempts) {
        const answer = await member.call("POST", "/keys", { name: "more", ...body }, way);
        expect([body, codeOf(answer), answer.body.error.field]).toEqual([body, denied, field]);
      }
    }
    expect(await api.storage.keys.all()).toHaveLength(before);
  });

  it("changes each field of their own keys to nothing that they could not have made", async () => {
    const id = await makeKey({ user_id: member.id, limits: { requests_per_minute: 5 } });
    const path = `/keys/${id}`;
    await unchanged(id, async () => {
      const attempts = [
        { scopes: ["inference", "admin"] },
        { scopes: ["passthrough"] },
        { limits: null },
        { limits: { requests_per_minute: null } },
        { limits: { requests_per_minute: 6 } },
        { group_id: second },
        { group_id: "grp_nothing" },
        { name: "renamed", limits: null },
      ];
      for (const body of attempts) expect([body, codeOf(await member.call("PATCH", path, body))]).toEqual([body, denied]);
      for (const body of [{ user_id: other.id }, { origin: "system" }, { digest: "x" }, { version: 9 }, { prefix: "sk-hg-x" }]) {
        expect([body, (await member.call("PATCH", path, body)).status]).toEqual([body, 422]);
      }
    });
    const asked = { name: "renamed", models: ["a"], group_id: first, limits: { requests_per_minute: 5 }, scopes: null };
    const changed = await member.call("PATCH", path, asked);
    expect([changed.status, changed.body]).toMatchObject([200, { ...asked, scopes: ["inference"] }]);
    expect((await member.call("POST", `${path}/rotate`)).body.key).toMatch(/^sk-hg-/);
    expect((await member.call("DELETE", path)).status).toBe(204);
  });

  it("does not widen or prolong what an administrator gave to a key of theirs, but may narrow it", async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const id = await makeKey({ user_id: member.id, scopes: ["inference", "passthrough"], models: ["a"], expires_at: until });
    await unchanged(id, async () => {
      for (const body of [{ expires_at: null }, { models: null }, { models: ["*"] }, { scopes: ["admin", "passthrough"] }]) {
        expect([body, codeOf(await member.call("PATCH", `/keys/${id}`, body))]).toEqual([body, denied]);
      }
    });
    const narrowed = await member.call("PATCH", `/keys/${id}`, { scopes: ["inference"], models: null });
    expect([narrowed.status, narrowed.body.scopes]).toEqual([200, ["inference"]]);
    expect(codeOf(await member.call("PATCH", `/keys/${id}`, { scopes: ["passthrough"] }))).toBe(denied);
  });

  it("finds no key of anybody else to write to, whether it is there or not", async () => {
    const others = [
      await makeKey({ user_id: other.id }),
      await makeKey({ user_id: manager.id, group_id: first }),
      await makeKey({ group_id: first }),
      await makeKey({}),
      "key_nothing",
    ];
    for (const id of others) {
      const missing = { error: { code: "not_found", message: "There is no key with this id." } };
      for (const [method, path, body] of [
        ["GET", `/keys/${id}`, undefined],
        ["PATCH", `/keys/${id}`, { name: "taken" }],
        ["PATCH", `/keys/${id}`, { scopes: ["admin"] }],
        ["POST", `/keys/${id}/rotate`, undefined],
        ["DELETE", `/keys/${id}`, undefined],
      ] as const) {
        const answer = await member.call(method, path, body);
        expect([method, answer.status, answer.body]).toMatchObject([method, 404, missing]);
      }
    }
  });

  it("is a member with an admin key of theirs too, and no longer anything once their user is gone or demoted", async () => {
    const boss = await person(api, "administrator", `boss ${count}`);
    expect((await boss.call("GET", "/system", undefined, "key")).status).toBe(200);
    await api.storage.users.update(boss.id, { role: "member" });
    for (const way of ways) {
      expect(codeOf(await boss.call("GET", "/system", undefined, way))).toBe(denied);
      expect(codeOf(await boss.call("POST", "/keys", { name: "x", scopes: ["admin"] }, way))).toBe(denied);
    }
    await api.storage.users.update(boss.id, { disabled_at: Date.now() });
    for (const way of ways) expect((await boss.call("GET", "/whoami", undefined, way)).status).toBe(401);
  });
});

describe("an operator", () => {
  it("makes keys for themselves alone, and neither sees nor changes those of others", async () => {
    const operator = await person(api, "operator", `operator ${count}`);
    expect((await operator.call("POST", "/keys", { name: "mine" })).body.user_id).toBe(operator.id);
    expect(codeOf(await operator.call("POST", "/keys", { name: "x", user_id: member.id }))).toBe(denied);
    expect(codeOf(await operator.call("POST", "/keys", { name: "x", scopes: ["admin"] }))).toBe(denied);
    // Operators see all groups, but have those keys alone that they could pay for.
    expect(codeOf(await operator.call("POST", "/keys", { name: "x", group_id: first }))).toBe(denied);
    expect((await operator.call("DELETE", `/keys/${await makeKey({ user_id: member.id })}`)).status).toBe(404);
  });
});

describe("a group manager", () => {
  it("makes keys for members of their groups, paid by their groups", async () => {
    for (const body of [{}, { group_id: first }]) {
      const made = await manager.call("POST", "/keys", { name: "for a member", user_id: member.id, ...body });
      expect([made.status, made.body]).toMatchObject([201, { user_id: member.id, group_id: first, scopes: ["inference"] }]);
    }
    expect((await manager.call("POST", "/keys", { name: "mine" })).body).toMatchObject({
      user_id: manager.id,
      group_id: everyoneGroupId,
    });
    for (const body of [
      { user_id: other.id },
      { user_id: other.id, group_id: first },
      { user_id: "usr_nobody" },
      { user_id: member.id, group_id: second },
      { user_id: member.id, group_id: everyoneGroupId },
      { user_id: member.id, scopes: ["admin"] },
      { user_id: member.id, scopes: ["passthrough"] },
      { user_id: member.id, limits: { requests_per_second: 1 } },
    ]) {
      expect([body, codeOf(await manager.call("POST", "/keys", { name: "more", ...body }))]).toEqual([body, denied]);
    }
  });

  it("gets no key of somebody who is also in a group that is not theirs: it could use that group's models", async () => {
    const held = await makeKey({ user_id: member.id, group_id: first });
    await api.call("PUT", `/groups/${second}/members/${member.id}`);
    await unchanged(held, async () => {
      expect(codeOf(await manager.call("POST", "/keys", { name: "x", user_id: member.id }))).toBe(denied);
      expect(codeOf(await manager.call("POST", `/keys/${held}/rotate`))).toBe(denied);
      expect(codeOf(await manager.call("PATCH", `/keys/${held}`, { models: null }))).toBe(denied);
    });
    expect((await manager.call("DELETE", `/keys/${held}`)).status).toBe(204);
  });

  it("writes to keys that their groups pay, and of others' sees alone those of members", async () => {
    const service = await makeKey({ group_id: first });
    const ofMember = await makeKey({ user_id: member.id, group_id: first });
    const paidElsewhere = await makeKey({ user_id: member.id, group_id: second });
    const unseen = await makeKey({ user_id: other.id, group_id: second });
    for (const id of [service, ofMember]) {
      expect((await manager.call("PATCH", `/keys/${id}`, { name: "renamed" })).status).toBe(200);
      expect((await manager.call("POST", `/keys/${id}/rotate`)).status).toBe(200);
      await unchanged(id, async () => {
        const attempts = [
          { scopes: ["admin"] },
          { limits: { requests_per_second: 9 } },
          { group_id: second },
          { group_id: null },
        ];
        for (const body of attempts)
          expect([body, codeOf(await manager.call("PATCH", `/keys/${id}`, body))]).toEqual([body, denied]);
      });
    }
    await unchanged(paidElsewhere, async () => {
      expect((await manager.call("GET", `/keys/${paidElsewhere}`)).status).toBe(200);
      expect(codeOf(await manager.call("PATCH", `/keys/${paidElsewhere}`, { group_id: first }))).toBe(denied);
      expect(codeOf(await manager.call("POST", `/keys/${paidElsewhere}/rotate`))).toBe(denied);
      expect(codeOf(await manager.call("DELETE", `/keys/${paidElsewhere}`))).toBe(denied);
    });
    await unchanged(unseen, async () => {
      for (const [method, path] of [
        ["PATCH", ""],
        ["POST", "/rotate"],
        ["DELETE", ""],
      ] as const) {
        const body = method === "PATCH" ? { group_id: first } : undefined;
        expect((await manager.call(method, `/keys/${unseen}${path}`, body)).status).toBe(404);
      }
    });
  });

  it("gets no administrator's key by having it rotated, whoever it belongs to", async () => {
    const boss = await person(api, "administrator", `boss ${count}`);
    await api.call("PUT", `/groups/${first}/members/${boss.id}`);
    for (const body of [{ user_id: boss.id }, {}]) {
      const id = await makeKey({ ...body, group_id: first, scopes: ["admin"] });
      await unchanged(id, async () => {
        expect(codeOf(await manager.call("POST", `/keys/${id}/rotate`))).toBe(denied);
        expect(codeOf(await manager.call("PATCH", `/keys/${id}`, { scopes: ["inference"] }))).toBe(denied);
        expect(codeOf(await manager.call("DELETE", `/keys/${id}`))).toBe(denied);
      });
    }
  });

  it("adds and removes members of their groups, but does not come into others, or stay by their own hand", async () => {
    expect((await manager.call("POST", `/groups/${first}/members`, { email: await addressOf(other) })).status).toBe(201);
    expect((await manager.call("GET", `/users/${other.id}`)).status).toBe(200);
    expect((await manager.call("DELETE", `/groups/${first}/members/${other.id}`)).status).toBe(204);
    expect((await manager.call("GET", `/users/${other.id}`)).status).toBe(404);
    const memberships = await api.storage.groups.members();
    for (const [method, group, user, status] of [
      ["PUT", second, manager.id, 404],
      ["PUT", second, member.id, 404],
      ["DELETE", second, other.id, 404],
      ["PUT", "grp_nothing", manager.id, 404],
      ["PUT", first, "usr_nobody", 404],
      ["PUT", first, other.id, 404],
      ["PUT", first, manager.id, 403],
      ["PUT", everyoneGroupId, member.id, 403],
      ["DELETE", everyoneGroupId, member.id, 403],
    ] as const) {
      const answer = await manager.call(method, `/groups/${group}/members/${user}`);
      expect([method, group, user, answer.status]).toEqual([method, group, user, status]);
    }
    expect(await api.storage.groups.members()).toEqual(memberships);
  });

  it("adds whom they don't see by the exact e-mail address alone, into their own groups, and does not get to try addresses", async () => {
    const email = await addressOf(other);
    const add = (group: string, body: object, who = manager) => who.call("POST", `/groups/${group}/members`, body);
    const memberships = await api.storage.groups.members();
    expect(codeOf(await add(second, { email }))).toBe("404 not_found");
    expect(codeOf(await add(everyoneGroupId, { email }))).toBe(denied);
    expect(codeOf(await add(first, { email: await addressOf(manager) }))).toBe(denied);
    expect(codeOf(await add(first, { email }, member))).toBe(denied);
    for (const wrong of [email.slice(1), `x${email}`, "%@%", email.replace("@", "_")]) {
      expect([404, 422]).toContain((await add(first, { email: wrong })).status);
    }
    await api.storage.users.update(other.id, { disabled_at: 1 });
    expect(codeOf(await add(first, { email }))).toBe("404 not_found");
    await api.storage.users.update(other.id, { disabled_at: null });
    const twin = userRow({ email: email.toUpperCase(), source: "https://other.test" });
    await api.storage.users.insert(twin);
    expect(codeOf(await add(first, { email }))).toBe("422 invalid_field");
    await api.storage.users.delete(twin.id);
    expect(await api.storage.groups.members()).toEqual(memberships);

    const added = await add(first, { email: ` ${email.toUpperCase()}`.trim() });
    expect([added.status, added.body]).toMatchObject([201, { id: other.id, name: other.name, source: "admin" }]);
    expect(api.published.at(-1)).toBe(`people ${other.id}`);
    expect((await add(first, { email })).body).toEqual(added.body);
    const log = (await api.storage.audit.page({ resourceId: first, action: "group.add_member" }, { limit: 10 })).rows;
    expect(log.filter(({ actor_id }) => actor_id === manager.id)).toHaveLength(1);

    const guesses: (string | number)[] = [];
    for (let guess = 0; guess < 25; guess++) guesses.push(codeOf(await add(first, { email: `guess${guess}@example.test` })));
    expect(guesses.at(-1)).toBe("429 rate_limit_exceeded");
    // What is right tells no more than a wrong one then.
    expect(codeOf(await add(first, { email }))).toBe("429 rate_limit_exceeded");
    const byAdministrator = await api.call("POST", `/groups/${second}/members`, { email: await addressOf(member) });
    expect(byAdministrator.status).toBe(201);
  });

  it("gets nobody under them whose role is more than `member`: they would see what these do, and make keys in their names", async () => {
    for (const role of ["administrator", "operator", "group_manager", "auditor"]) {
      const somebody = await person(api, role, `${role} ${count}`);
      const email = await addressOf(somebody);
      expect([role, codeOf(await manager.call("POST", `/groups/${first}/members`, { email }))]).toEqual([role, denied]);
      expect((await manager.call("GET", `/users/${somebody.id}`)).status).toBe(404);
      expect(codeOf(await manager.call("POST", "/keys", { name: "x", user_id: somebody.id }))).toBe(denied);
      expect((await api.call("POST", `/groups/${first}/members`, { email })).status).toBe(201);
    }
  });

  it("does not manage everybody, even where a membership of 'everyone' is written down", async () => {
    for (const { id } of [manager, other]) {
      await api.storage.groups.addMember({ group_id: everyoneGroupId, user_id: id, source: "globus", created_at: 1 });
    }
    const id = await makeKey({ user_id: other.id });
    expect((await manager.call("GET", `/users/${other.id}`)).status).toBe(404);
    expect((await manager.call("GET", `/keys/${id}`)).status).toBe(404);
    expect((await manager.call("GET", "/keys?limit=1000")).text).not.toContain(id);
    expect(codeOf(await manager.call("POST", "/keys", { name: "x", user_id: other.id }))).toBe(denied);
  });

  it("manages no group by having it as primary group, and takes nobody out whom a provider has put in", async () => {
    await api.call("PATCH", `/users/${manager.id}`, { primary_group_id: second });
    expect((await manager.call("GET", `/groups/${second}`)).status).toBe(200);
    expect((await manager.call("GET", `/groups/${second}/members`)).body.data).toEqual([]);
    expect((await manager.call("PUT", `/groups/${second}/members/${member.id}`)).status).toBe(403);
    expect((await manager.call("GET", `/users/${other.id}`)).status).toBe(404);

    const proven = userRow({ source: "globus" });
    await api.storage.users.insert(proven);
    await api.storage.groups.addMember({ group_id: first, user_id: proven.id, source: "globus", created_at: 1 });
    expect((await manager.call("DELETE", `/groups/${first}/members/${proven.id}`)).status).toBe(422);
  });
});

describe("nobody", () => {
  it("who is no administrator gives roles, changes users, groups, or what groups may use", async () => {
    for (const role of roles.filter((each) => each !== "administrator")) {
      const somebody = await person(api, role, `${role} ${count}`);
      await api.call("PUT", `/groups/${first}/members/${somebody.id}`);
      const before = [await api.storage.users.all(), await api.storage.groups.all()];
      for (const way of ways) {
        for (const [method, path, body] of [
          ["PATCH", `/users/${somebody.id}`, { role: "administrator" }],
          ["PATCH", `/users/${somebody.id}`, { name: "x" }],
          ["PATCH", `/users/${somebody.id}`, { primary_group_id: second }],
          ["PATCH", `/users/${somebody.id}`, { limits: null }],
          ["PATCH", `/users/${member.id}`, { disabled: true }],
          ["POST", "/users", { name: "x", role: "administrator" }],
          ["DELETE", `/users/${member.id}`, undefined],
          ["POST", `/users/${member.id}/password-link`, undefined],
          ["PATCH", `/groups/${first}`, { models: ["*"] }],
          ["PATCH", `/groups/${first}`, { limits: null }],
          ["PUT", `/groups/${first}/models/*`, undefined],
          ["DELETE", `/groups/${everyoneGroupId}/models/*`, undefined],
          ["POST", "/groups", { name: `x ${count}` }],
          ["DELETE", `/groups/${first}`, undefined],
        ] as const) {
          expect([role, method, path, codeOf(await somebody.call(method, path, body, way))]).toEqual([
            role,
            method,
            path,
            denied,
          ]);
        }
      }
      // Sessions and keys note when they were used, and nothing else does.
      expect([await api.storage.users.all(), await api.storage.groups.all()]).toEqual(before);
    }
  });

  it("changes their own role, or disables or deletes their own account: administrators neither", async () => {
    const [one] = [await person(api, "administrator", `one ${count}`), await person(api, "administrator", `two ${count}`)];
    for (const way of ways) {
      for (const body of [{ role: "member" }, { role: null }, { role: "auditor", name: "x" }, { disabled: true }]) {
        expect([body, codeOf(await one.call("PATCH", `/users/${one.id}`, body, way))]).toEqual([body, denied]);
      }
      expect(codeOf(await one.call("DELETE", `/users/${one.id}`, undefined, way))).toBe(denied);
      const renamed = await one.call("PATCH", `/users/${one.id}`, { name: "renamed", role: "administrator" }, way);
      expect(renamed.status).toBe(200);
    }
  });
});

describe("the last account of an administrator", () => {
  it("stays one, whoever asks, until there is another", async () => {
    for (const { id, role } of await api.storage.users.all()) {
      if (role === "administrator") await api.storage.users.delete(id);
    }
    const last = await person(api, "administrator", `last ${count}`);
    const disabled = await person(api, "administrator", `disabled ${count}`);
    await api.storage.users.update(disabled.id, { disabled_at: 1 });
    const before = await api.storage.users.get(last.id);
    for (const body of [{ role: "member" }, { role: null }, { disabled: true }, { role: "operator", disabled: true }]) {
      expect([body, codeOf(await api.call("PATCH", `/users/${last.id}`, body))]).toEqual([body, denied]);
    }
    expect(codeOf(await api.call("DELETE", `/users/${last.id}`))).toBe(denied);
    expect(await api.storage.users.get(last.id)).toEqual(before);
    expect((await last.call("GET", "/system")).status).toBe(200);
    // What is disabled administers nothing: it can go.
    expect((await api.call("DELETE", `/users/${disabled.id}`)).status).toBe(204);

    const next = await person(api, "administrator", `next ${count}`);
    const demotions = [last, next].map(({ id }) => api.call("PATCH", `/users/${id}`, { role: "member" }));
    expect((await Promise.all(demotions)).map(codeOf).sort()).toEqual([200, denied]);
    expect(await api.storage.users.countOfRole("administrator")).toBe(1);
  });
});
