// Lists are searched and narrowed, over what the asker may see and nothing else.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../test/support/admin-api.ts";
import { settledAttempt } from "../../../test/support/ledger-records.ts";
import { type Person, person } from "../../../test/support/people.ts";
import { deploymentRow, endpointRow, groupRow, keyRow, manifestRow, modelRow } from "../../storage/rows.contract.ts";
import type { UsableModel } from "./context.ts";

const usable: UsableModel[] = [];
let api: AdminApiUnderTest;
let manager: Person;
let member: Person;
let stranger: Person;
const group = groupRow({ name: "Ärzte" });
const other = groupRow({ name: "ärzte elsewhere" });
const atMs = Date.parse("2026-01-02T03:04:05.678Z");

beforeAll(async () => {
  api = await startAdminApi({ usableModels: () => usable });
  manager = await person(api, "group_manager", "Märta Manager");
  member = await person(api, "member", "Möller Member");
  stranger = await person(api, "member", "Möller Stranger");
  const { groups } = api.storage;
  for (const row of [group, other]) await groups.insert(row);
  const rows = [
    [group, manager],
    [group, member],
    [other, member],
    [other, stranger],
  ] as const;
  for (const [{ id: group_id }, { id: user_id }] of rows)
    await groups.addMember({ group_id, user_id, source: "admin", created_at: 1 });
});
afterAll(() => api.close());

type Asker = Pick<Person, "call"> | AdminApiUnderTest;
const names = async (asker: Asker, path: string): Promise<string[]> => {
  const answer = await asker.call("GET", path);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.body.data.map((row: { name?: string; id: string }) => row.name ?? row.id).sort();
};

describe("lists", () => {
  it("are searched by text that means itself", async () => {
    await api.storage.endpoints.insert(endpointRow({ name: "searched 100%_" }));
    await api.storage.endpoints.insert(endpointRow({ name: "searched 100ab" }));
    await api.storage.manifests.insert(manifestRow({ name: "Searched" }));
    expect(await names(api, `/endpoints?search=${encodeURIComponent("SEARCHED 100%_")}`)).toEqual(["searched 100%_"]);
    expect(await names(api, "/endpoints?search=searched")).toEqual(["searched 100%_", "searched 100ab"]);
    expect(await names(api, "/endpoints?search=")).toEqual(["searched 100%_", "searched 100ab"]);
    expect(await names(api, "/manifests?search=eARCH")).toEqual(["Searched"]);
    expect(await names(api, "/manifests?search=nothing")).toEqual([]);
    expect(await names(api, `/groups?search=${encodeURIComponent("ärzte")}`)).toEqual([group.name, other.name].sort());
    const tooLong = await api.call("GET", `/endpoints?search=${"x".repeat(201)}`);
    expect([tooLong.status, tooLong.body.error.field]).toEqual([422, "search"]);
  });

  it("keep their cursors under search", async () => {
    for (const index of [0, 1, 2, 3, 4]) await api.storage.models.insert(modelRow({ name: `${index} paged${index % 2}` }));
    const first = await api.call("GET", "/models?search=PAGED0&limit=2");
    expect(first.body.data.map(({ name }: { name: string }) => name)).toEqual(["0 paged0", "2 paged0"]);
    const second = await api.call("GET", `/models?search=PAGED0&limit=2&cursor=${first.body.next_cursor}`);
    expect([second.body.data.map(({ name }: { name: string }) => name), second.body.next_cursor]).toEqual([["4 paged0"], null]);
  });

  it("of users reach as far as the asker does, whatever they are asked for", async () => {
    const search = encodeURIComponent("mÖLLER");
    expect(await names(api, `/users?search=${search}`)).toEqual([member.name, stranger.name]);
    expect(await names(manager, `/users?search=${search}`)).toEqual([member.name]);
    expect(await names(stranger, `/users?search=${search}`)).toEqual([stranger.name]);
    expect(await names(api, "/users?role=group_manager")).toEqual([manager.name]);
    expect(await names(api, `/users?group=${other.id}`)).toEqual([member.name, stranger.name]);
    expect(await names(manager, `/users?group=${group.id}&role=member`)).toEqual([member.name]);
    // That the member is in another group too is not for the manager to know.
    expect(await names(manager, `/users?group=${other.id}`)).toEqual([]);
    expect((await api.call("GET", "/users?role=emperor")).body.error.field).toBe("role");
  });

  it("of groups are searched over those that the asker knows, and say how many members and keys each has", async () => {
    expect(await names(manager, `/groups?search=${encodeURIComponent("ÄRZTE")}`)).toEqual([group.name]);
    await api.storage.keys.insert(keyRow({ group_id: group.id }));
    await api.storage.keys.insert(keyRow({ group_id: group.id, deleted_at: 1 }));
    const { body } = await api.call("GET", `/groups/${group.id}`);
    expect(body).toMatchObject({ member_count: 2, key_count: 1 });
    const listed = await api.call("GET", "/groups");
    expect(listed.body.data.find(({ id }: { id: string }) => id === group.id)).toEqual(body);
  });

  it("of keys find them by name, prefix, user and group, and say when each was last used", async () => {
    const key = keyRow({ name: "Bench robot", prefix: "sk-hg-zzz999", user_id: stranger.id, group_id: other.id });
    await api.storage.keys.insert(key);
    const never = keyRow({ name: "Bench idle", user_id: stranger.id });
    await api.storage.keys.insert(never);
    await api.storage.ledger.ingest([settledAttempt({ keyId: key.id, startedAtMs: atMs })]);
    expect(await names(api, "/keys?search=ZZZ99")).toEqual(["Bench robot"]);
    expect(await names(api, `/keys?search=bench&user=${stranger.id}`)).toEqual(["Bench idle", "Bench robot"]);
    expect(await names(api, `/keys?group=${other.id}`)).toEqual(["Bench robot"]);
    expect(await names(manager, "/keys?search=bench")).toEqual([]);
    expect(await names(manager, `/keys?user=${stranger.id}`)).toEqual([]);
    const { data } = (await api.call("GET", "/keys?search=bench")).body;
    const lastUse = Object.fromEntries(data.map((row: { name: string; last_used_at: string }) => [row.name, row.last_used_at]));
    expect(lastUse).toEqual({ "Bench robot": "2026-01-02T03:04:05.678Z", "Bench idle": null });
    expect((await api.call("GET", `/keys/${key.id}`)).body.last_used_at).toBe("2026-01-02T03:04:05.678Z");
    expect((await api.call("POST", `/keys/${key.id}/rotate`)).body.last_used_at).toBe("2026-01-02T03:04:05.678Z");
  });

  it("of models are those of the catalogue to whose role shows no more, searched and narrowed there", async () => {
    const endpoint = endpointRow({ name: "serving" });
    const [pool, virtual, hidden] = [
      modelRow({ name: "Catalogue pool" }),
      modelRow({ name: "catalogue virtual", kind: "virtual" }),
      modelRow({ name: "catalogue hidden" }),
    ];
    await api.storage.endpoints.insert(endpoint);
    for (const row of [pool, virtual, hidden]) await api.storage.models.insert(row);
    await api.storage.deployments.insert(deploymentRow({ endpoint_id: endpoint.id, model_id: pool.id }));
    usable.push({ name: pool.name, status: "offline" }, { name: virtual.name, status: "active" });
    expect(await names(api, "/models?search=cATALOGUE")).toEqual([pool.name, hidden.name, virtual.name].sort());
    expect(await names(member, "/models?search=cATALOGUE")).toEqual([pool.name, virtual.name].sort());
    expect(await names(member, "/models?search=hidden")).toEqual([]);
    // For them it is as they can use it, whatever its deployments say.
    expect(await names(api, "/models?search=catalogue&status=active")).toEqual([pool.name]);
    expect(await names(member, "/models?status=active")).toEqual([virtual.name]);
    expect(await names(member, "/models?status=disabled")).toEqual([]);
    expect(await names(member, "/models?kind=pool")).toEqual([pool.name]);
    expect(await names(api, "/models?endpoint=serving")).toEqual([pool.name]);
    const refused = await member.call("GET", "/models?endpoint=serving");
    expect([refused.status, refused.body.error.field]).toEqual([403, "endpoint"]);
  });

  it("of models are those of one's own where that is asked for, whatever one's role shows", async () => {
    const operator = await person(api, "operator", "Own Operator");
    const [mine, others] = [modelRow({ name: "own model" }), modelRow({ name: "own model of others" })];
    for (const row of [mine, others]) await api.storage.models.insert(row);
    usable.push({ name: mine.name, status: "active" });
    expect(await names(operator, "/models?search=own")).toEqual([mine.name, others.name]);
    for (const asker of [operator, member]) expect(await names(asker, "/models?search=own&usable=true")).toEqual([mine.name]);
    const [shown] = (await operator.call("GET", "/models?search=own&usable=true")).body.data;
    expect(shown).toEqual({ id: mine.id, name: mine.name, kind: "pool", limits: {}, status: "active" });
    expect((await operator.call("GET", "/models?endpoint=serving&usable=true")).status).toBe(422);
    // A token that is nobody's has none of its own.
    const refused = await api.call("GET", "/models?usable=true");
    expect([refused.status, refused.body.error.code]).toEqual([403, "not_allowed"]);
  });

  it("of requests are narrowed to a user, a group that pays, or one by its whole id", async () => {
    const { ledger } = api.storage;
    const [first, second] = ["req_of_the_lists_1", "req_of_the_lists_2"];
    await ledger.ingest([
      settledAttempt({ requestId: first, userId: member.id, groupId: other.id, startedAtMs: atMs }),
      settledAttempt({ requestId: second, userId: stranger.id, groupId: other.id, startedAtMs: atMs + 1 }),
    ]);
    expect(await names(api, `/requests?user=${member.id}`)).toEqual([first]);
    expect(await names(api, `/requests?group=${other.id}`)).toEqual([first, second]);
    expect(await names(api, `/requests?search=${second}`)).toEqual([second]);
    expect(await names(api, "/requests?search=req_of_the_lists")).toEqual([]);
    expect(await names(manager, `/requests?group=${other.id}`)).toEqual([first]);
    expect(await names(manager, `/requests?search=${second}`)).toEqual([]);
    expect(await names(stranger, `/requests?search=${second}`)).toEqual([second]);
  });
});
