// What each role may call, cell by cell, and what it sees and can do there.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { settledAttempt } from "../../../../test/support/ledger-records.ts";
import { type Person, peopleOfAllRoles, person, ways } from "../../../../test/support/people.ts";
import { everyoneGroupId } from "../../../domain/everyone.ts";
import { roles } from "../../../domain/policy.ts";
import { deploymentRow, endpointRow, modelRow } from "../../../storage/rows.contract.ts";

/** `-`: 403, before anything is looked at. The columns are those of `roles`. */
const table = `
                                     administrator operator group_manager member auditor
POST   /endpoints                          x          x          -          -       -
GET    /endpoints                          x          x          -          -       x
GET    /endpoints/{id}                     x          x          -          -       x
PATCH  /endpoints/{id}                     x          x          -          -       -
DELETE /endpoints/{id}                     x          x          -          -       -
POST   /endpoints/validate                 x          x          -          -       -
POST   /endpoints/{id}/synchronize         x          x          -          -       -
GET    /endpoints/{id}/sync-runs           x          x          -          -       x
POST   /endpoints/{id}/models              x          x          -          -       -
GET    /deleted-endpoints                  x          x          -          -       x
POST   /deleted-endpoints/{id}/restore     x          x          -          -       -
POST   /models                             x          x          -          -       -
GET    /models                             x          x          x          x       x
GET    /models/{id}                        x          x          x          x       x
PATCH  /models/{id}                        x          x          -          -       -
DELETE /models/{id}                        x          x          -          -       -
GET    /prices                             x          x          x          x       x
GET    /prices/{model}                     x          x          x          x       x
PUT    /prices/{model}                     x          x          -          -       -
DELETE /prices/{model}                     x          x          -          -       -
GET    /manifests                          x          x          -          -       x
POST   /manifests                          x          x          -          -       -
GET    /manifests/{id}                     x          x          -          -       x
DELETE /manifests/{id}                     x          x          -          -       -
POST   /manifests/{id}/refresh             x          x          -          -       -
POST   /explain                            x          x          x          x       x
POST   /keys                               x          x          x          x       -
GET    /keys                               x          x          x          x       x
GET    /keys/{id}                          x          x          x          x       x
PATCH  /keys/{id}                          x          x          x          x       -
DELETE /keys/{id}                          x          x          x          x       -
POST   /keys/{id}/rotate                   x          x          x          x       -
POST   /users                              x          -          -          -       -
GET    /users                              x          x          x          x       x
GET    /users/{id}                         x          x          x          x       x
PATCH  /users/{id}                         x          -          -          -       -
DELETE /users/{id}                         x          -          -          -       -
POST   /users/{id}/password-link           x          -          -          -       -
POST   /groups                             x          -          -          -       -
GET    /groups                             x          x          x          x       x
GET    /groups/{id}                        x          x          x          x       x
PATCH  /groups/{id}                        x          -          -          -       -
DELETE /groups/{id}                        x          -          -          -       -
GET    /groups/{id}/members                x          x          x          x       x
POST   /groups/{id}/members                x          -          x          -       -
PUT    /groups/{id}/members/{user_id}      x          -          x          -       -
DELETE /groups/{id}/members/{user_id}      x          -          x          -       -
PUT    /groups/{id}/models/{model}         x          -          -          -       -
DELETE /groups/{id}/models/{model}         x          -          -          -       -
GET    /allowances                         x          x          x          x       x
GET    /allowances/{kind}/{id}             x          x          x          x       x
GET    /overview                           x          x          x          x       x
GET    /usage                              x          x          x          x       x
GET    /usage/export                       x          x          x          x       x
GET    /requests                           x          x          x          x       x
GET    /requests/{id}                      x          x          x          x       x
GET    /requests/{id}/bodies               x          x          x          x       x
DELETE /requests/{id}/bodies               x          x          x          x       -
GET    /sessions                           x          x          x          x       x
DELETE /sessions/{id}                      x          x          x          x       -
GET    /audit                              x          -          -          -       x
GET    /audit/export                       x          -          -          -       x
POST   /exports                            x          x          x          x       x
GET    /exports                            x          x          x          x       x
GET    /exports/{id}                       x          x          x          x       x
GET    /exports/{id}/file                  x          x          x          x       x
DELETE /exports/{id}                       x          x          x          x       x
POST   /playground/v1/{path}               x          x          x          x       -
GET    /playground/v1/models               x          x          x          x       -
GET    /playground/v1/models/{path}        x          x          x          x       -
GET    /system                             x          x          -          -       x
GET    /whoami                             x          x          x          x       x`;

/** Of the one who asks, or of nobody in particular: there is no cell for them. */
const ofEverybody =
  /^(POST \/setup|(POST|PUT) \/password|GET \/sign-in.*|POST \/sessions|DELETE \/sessions\/current|GET \/events)$/;

const cells = table
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => {
    const [method, path, ...marks] = line.trim().split(/\s+/) as [string, string, ...string[]];
    return { route: `${method} ${path}`, method, path, allowed: roles.filter((_, index) => marks[index] === "x") };
  });

const dayMs = 86_400_000;
let api: AdminApiUnderTest;
let people: Person[];
let usable: { name: string; status: "active" | "offline" }[] | null = [];
beforeAll(async () => {
  api = await startAdminApi({ usableModels: () => usable });
  people = await peopleOfAllRoles(api);
});
afterAll(() => api.close());

const ofRole = (role: string) => people.find((each) => each.role === role) as Person;
const ids = (answer: { body: { data: { id: string }[] } }) => answer.body.data.map(({ id }) => id).sort();
const sorted = (...all: string[]) => all.sort();

describe("the table", () => {
  it("has every route of the API", async () => {
    const { paths } = (await api.call("GET", "/openapi.json")).body as { paths: Record<string, object> };
    const routes = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace("/admin/api/v1", "")}`),
    );
    expect(routes.filter((route) => !ofEverybody.test(route)).sort()).toEqual(cells.map(({ route }) => route).sort());
  });

  it.each(cells)("$route", async ({ method, path, allowed }) => {
    // Nothing there has this id, and no body is this one: whoever gets past the policy is told so, and nothing happens.
    const concrete = path.replace(/\{\w+\}/g, "nothing-of-this-name");
    const body = method === "POST" || method === "PATCH" ? { nothing: "of this name" } : undefined;
    for (const { role, call } of people) {
      for (const way of ways) {
        const answer = await call(method, concrete, body, way);
        const isDenied = answer.status === 403 && answer.body.error.message.startsWith(`The role '${role}' does not allow this`);
        expect([role, way, answer.status === 401, isDenied]).toEqual([role, way, false, !allowed.some((each) => each === role)]);
        if (!isDenied) expect(answer.status).not.toBe(403);
      }
    }
  });
});

describe("what is read", () => {
  /** Two groups: the manager and a member are in the first, somebody else in the second. */
  let first: string;
  let second: string;
  let manager: Person;
  let member: Person;
  let other: Person;
  let keys: Record<"manager" | "member" | "other" | "ofFirst" | "ofSecond" | "ofNobody", string>;
  let requests: Record<string, string>;

  beforeAll(async () => {
    manager = ofRole("group_manager");
    member = ofRole("member");
    other = await person(api, "member", "somebody else");
    first = (await api.call("POST", "/groups", { name: "first" })).body.id;
    second = (await api.call("POST", "/groups", { name: "second" })).body.id;
    for (const [group, { id }] of [
      [first, manager],
      [first, member],
      [second, other],
    ] as const) {
      await api.call("PUT", `/groups/${group}/members/${id}`);
    }
    const make = async (body: object) => (await api.call("POST", "/keys", { name: "made", ...body })).body.id as string;
    keys = {
      manager: await make({ user_id: manager.id }),
      member: await make({ user_id: member.id, group_id: second }),
      other: await make({ user_id: other.id }),
      ofFirst: await make({ group_id: first }),
      ofSecond: await make({ group_id: second }),
      ofNobody: await make({}),
    };
    requests = {};
    const startedAtMs = Date.now() - dayMs / 2;
    for (const [name, userId, groupId] of [
      ["manager", manager.id, everyoneGroupId],
      ["member", member.id, second],
      ["other", other.id, second],
      ["ofFirst", null, first],
      ["ofSecond", null, second],
      ["ofNobody", null, everyoneGroupId],
    ] as const) {
      const attempt = settledAttempt({
        startedAtMs,
        userId,
        groupId,
        keyId: keys[name],
        endpoint: "hidden",
        deploymentId: "dep_1",
      });
      await api.storage.ledger.ingest([attempt]);
      requests[name] = attempt.requestId;
    }
  });

  const seen = {
    administrator: ["manager", "member", "other", "ofFirst", "ofSecond", "ofNobody"],
    operator: [],
    group_manager: ["manager", "member", "ofFirst"],
    member: ["member"],
    auditor: ["manager", "member", "other", "ofFirst", "ofSecond", "ofNobody"],
  } as const;
  /** Operators see what their endpoints are used for. */
  const seenUse = { ...seen, operator: seen.administrator } as Record<(typeof roles)[number], readonly (keyof typeof keys)[]>;

  it.each(roles)("keys: %s", async (role) => {
    for (const way of ways) {
      const { call } = ofRole(role);
      const all = Object.values(keys);
      const listed = ids(await call("GET", "/keys?limit=1000", undefined, way)).filter((id) => all.includes(id));
      expect(listed).toEqual(sorted(...seen[role].map((name) => keys[name])));
      for (const [name, id] of Object.entries(keys)) {
        const { status } = await call("GET", `/keys/${id}`, undefined, way);
        expect([name, status]).toEqual([name, (seen[role] as readonly string[]).includes(name) ? 200 : 404]);
      }
    }
  });

  it("keys are paged within what is seen", async () => {
    const all = ids(await member.call("GET", "/keys"));
    const pages: string[] = [];
    for (let cursor = ""; ; ) {
      const { body } = await member.call("GET", `/keys?limit=1${cursor}`);
      pages.push(...body.data.map(({ id }: { id: string }) => id));
      if (body.next_cursor === null) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect(all).toHaveLength(2);
    expect(pages.sort()).toEqual(all);
  });

  it.each(roles)("users: %s", async (role) => {
    const self = ofRole(role);
    const all = [...people, other].map(({ id }) => id);
    const visible = {
      administrator: all,
      operator: [self.id],
      group_manager: [self.id, member.id],
      member: [self.id],
      auditor: all,
    };
    expect(ids(await self.call("GET", "/users?limit=1000"))).toEqual(sorted(...visible[role]));
    for (const id of all) {
      expect((await self.call("GET", `/users/${id}`)).status).toBe(visible[role].includes(id) ? 200 : 404);
    }
  });

  it.each(roles)("groups and their members: %s", async (role) => {
    const { call, id: self } = ofRole(role);
    const isMember = role === "member" || role === "group_manager";
    const visible = isMember ? [everyoneGroupId, first] : [everyoneGroupId, first, second];
    expect(ids(await call("GET", "/groups"))).toEqual(sorted(...visible));
    expect((await call("GET", `/groups/${first}`)).status).toBe(200);
    expect((await call("GET", `/groups/${second}`)).status).toBe(isMember ? 404 : 200);
    expect((await call("GET", `/groups/${second}/members`)).status).toBe(isMember ? 404 : 200);
    const members = ids(await call("GET", `/groups/${first}/members`));
    expect(members).toEqual(role === "member" ? [self] : sorted(manager.id, member.id));
  });

  it("a manager sees no name of a group that they are not in", async () => {
    await api.call("PUT", `/groups/${second}/members/${member.id}`);
    const one = await manager.call("GET", `/users/${member.id}`);
    expect(one.body.groups.map(({ id }: { id: string }) => id)).toEqual([first]);
    expect((await member.call("GET", `/users/${member.id}`)).body.groups).toHaveLength(2);
    for (const path of ["/requests", "/usage?group_by=group,user", "/users"]) {
      expect((await manager.call("GET", path)).text).not.toContain('"second"');
      expect((await api.call("GET", path)).text).toContain('"second"');
    }
    await api.call("DELETE", `/groups/${second}/members/${member.id}`);
  });

  it.each(roles)("usage: %s", async (role) => {
    const { call } = ofRole(role);
    const { body } = await call("GET", "/usage?group_by=key");
    const rows = body.data.map(({ key }: { key: string }) => key);
    expect(rows.sort()).toEqual(sorted(...seenUse[role].map((name) => keys[name])));
    const total = (await call("GET", "/usage")).body.data[0]?.requests ?? 0;
    expect(total).toBe(seenUse[role].length);
    const byEndpoint = await call("GET", "/usage?group_by=endpoint");
    expect(byEndpoint.status).toBe(role === "member" || role === "group_manager" ? 403 : 200);
  });

  it.each(roles)("requests: %s", async (role) => {
    const { call } = ofRole(role);
    const seesEndpoints = role !== "member" && role !== "group_manager";
    const list = await call("GET", "/requests");
    expect(ids(list)).toEqual(sorted(...seenUse[role].map((name) => requests[name] as string)));
    expect(list.text.includes("hidden") || list.text.includes("dep_1")).toBe(seesEndpoints);
    for (const [name, id] of Object.entries(requests)) {
      const one = await call("GET", `/requests/${id}`);
      expect([name, one.status]).toEqual([name, seenUse[role].includes(name as keyof typeof keys) ? 200 : 404]);
      if (!seesEndpoints) expect(one.text).not.toMatch(/hidden|dep_1|2024-11-20/);
    }
    expect((await call("GET", `/requests?key=${keys.other}`)).body.data).toHaveLength(seesEndpoints ? 1 : 0);
    expect((await call("GET", "/requests?endpoint=hidden")).status).toBe(seesEndpoints ? 200 : 403);
  });

  it.each(roles)("models: %s", async (role) => {
    const endpoint = endpointRow({ name: `secret-endpoint-${role}`, url: "https://secret.test/v1" });
    const [mine, theirs] = [modelRow({ name: `mine-${role}` }), modelRow({ name: `theirs-${role}`, groups: '["second"]' })];
    await api.storage.endpoints.insert(endpoint);
    for (const model of [mine, theirs]) {
      await api.storage.models.insert(model);
      const upstream = { endpoint_id: endpoint.id, model_id: model.id, upstream_model: `upstream-${model.name}` };
      await api.storage.deployments.insert(deploymentRow({ ...upstream, reason: "secret reason" }));
    }
    usable = [{ name: mine.name, status: "offline" }];
    const { call } = ofRole(role);
    const list = await call("GET", "/models?limit=1000");
    const one = await call("GET", `/models/${mine.id}`);
    const another = await call("GET", `/models/${theirs.id}`);
    if (role === "member" || role === "group_manager") {
      const expected = { id: mine.id, name: mine.name, kind: "pool", limits: {}, status: "offline" };
      expect(list.body).toEqual({ data: [expected], next_cursor: null });
      expect(one.body).toEqual(expected);
      expect(another.status).toBe(404);
      usable = null;
      expect((await call("GET", "/models")).status).toBe(503);
      usable = [];
      expect((await call("GET", "/models")).body.data).toEqual([]);
    } else {
      expect(ids(list)).toEqual(expect.arrayContaining([mine.id, theirs.id]));
      expect([one.body.deployments.length, another.status]).toEqual([1, 200]);
      expect(one.body.deployments[0]).toMatchObject({ endpoint: endpoint.name, reason: "secret reason" });
    }
  });
});
