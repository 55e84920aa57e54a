// What the repositories of users, groups and manifests do, for every engine, and what other rows say about them.
import { describe, expect, test } from "vitest";
import { HeadgateError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { everyoneGroupId } from "../domain/everyone.ts";
import type { GroupMemberRow, GroupRow, UserRow } from "./ports/people.ts";
import {
  allPages,
  deploymentRow,
  endpointRow,
  groupRow,
  keyRow,
  manifestRow,
  modelRow,
  userRow,
  violation,
} from "./rows.contract.ts";
import type { ContractDatabase } from "./storage.contract.ts";

const inByteOrder = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

export function peopleContract(database: ContractDatabase): void {
  describe("users", () => usersContract(database));
  describe("groups", () => groupsContract(database));
  describe("memberships", () => membershipsContract(database));
  describe("manifests", () => manifestsContract(database));
  describe("rows that name people and manifests", () => namingRowsContract(database));
}

function usersContract(database: ContractDatabase): void {
  test("come back as they went in", async () => {
    const { users, groups } = database.storage;
    const group = groupRow();
    await groups.insert(group);
    const row = userRow({
      name: 'Zoë "Z" 日本 🎈',
      email: "zoe@example.test",
      username: "zoe",
      role: "group_manager",
      source: "https://login.example.test",
      subject: newId("p"),
      primary_group_id: group.id,
      limits: '{"requests_per_second":5}',
      last_seen_at: 1_800_000_000_000,
    });
    const bare = userRow();
    for (const each of [row, bare]) await users.insert(each);
    expect(await users.get(row.id)).toEqual(row);
    expect(await users.get(bare.id)).toEqual(bare);
    expect(await users.get("usr_none")).toBeNull();
  });

  test("a subject is one user at its source, and users made here have none", async () => {
    const { users } = database.storage;
    const subject = newId("p");
    const first = userRow({ source: "globus", subject });
    const atAnotherSource = userRow({ source: "proxy", subject });
    for (const row of [first, atAnotherSource, userRow(), userRow()]) await users.insert(row);
    expect(await violation(users.insert(userRow({ source: "globus", subject })))).toBe("user_subject");
    expect(await violation(users.update(atAnotherSource.id, { source: "globus" }))).toBe("user_subject");
    expect(await users.get(atAnotherSource.id)).toEqual(atAnotherSource);
    // As of two processes that see the same person first: the computed id is taken with the subject.
    expect(await violation(users.insert(first))).toBe("user_subject");
    expect(await violation(users.insert({ ...first, source: "local", subject: null }))).toBe("user_subject");
  });

  test("are paged by name and id, in byte order, each once though names repeat", async () => {
    const { users } = database.storage;
    const names = ["b", "B", "a", "ä", "b", "b", "a-b", "b"].map((name) => `page ${name}`);
    const rows = names.map((name) => userRow({ name }));
    for (const row of [...rows].reverse()) await users.insert(row);
    const pages = await allPages((request) => users.page(request), 3);
    for (const page of pages.slice(0, -1)) expect(page).toHaveLength(3);
    const expected = [...rows].sort((a, b) => inByteOrder(a.name, b.name) || inByteOrder(a.id, b.id));
    expect(pages.flat().filter((row) => row.name.startsWith("page "))).toEqual(expected);
    expect(await users.all()).toEqual(pages.flat());
  });

  test("an update with a stale version changes nothing", async () => {
    const { users } = database.storage;
    const row = userRow();
    await users.insert(row);
    expect(await users.update(row.id, { role: "auditor", updated_at: 5 }, 1)).toBe(true);
    expect(await users.update(row.id, { role: "administrator" }, 1)).toBe(false);
    expect(await users.update("usr_none", { role: "administrator" })).toBe(false);
    expect(await users.get(row.id)).toEqual({ ...row, role: "auditor", updated_at: 5, version: 2 });
    expect(await users.update(row.id, { email: "a@b.test" })).toBe(true);
    expect(await users.get(row.id)).toMatchObject({ email: "a@b.test", version: 3 });
  });

  test("being seen is no new version", async () => {
    const { users } = database.storage;
    const [row, other] = [userRow(), userRow()];
    for (const each of [row, other]) await users.insert(each);
    await users.setLastSeen(row.id, 1_800_000_000_001);
    await users.setLastSeen("usr_none", 1);
    expect(await users.get(row.id)).toEqual({ ...row, last_seen_at: 1_800_000_000_001 });
    expect(await users.get(other.id)).toEqual(other);
  });

  test("names are found by id, of those that there are", async () => {
    const { users } = database.storage;
    const [one, two, gone] = [userRow(), userRow(), userRow()];
    for (const row of [one, two, gone]) await users.insert(row);
    expect(await users.delete(gone.id)).toBe(true);
    expect(await users.delete(gone.id)).toBe(false);
    expect(await users.names([one.id, gone.id, "usr_none"])).toEqual(new Map([[one.id, one.name]]));
    expect(await users.names([])).toEqual(new Map());
  });
}

function groupsContract(database: ContractDatabase): void {
  test("come back as they went in, by id and by name", async () => {
    const { groups } = database.storage;
    const row = groupRow({
      models: '["gpt-*","a/b"]',
      source: "globus",
      external_id: newId("p"),
      limits: '{"requests_per_minute":60}',
    });
    const bare = groupRow();
    for (const each of [row, bare]) await groups.insert(each);
    expect(await groups.get(row.id)).toEqual(row);
    expect(await groups.getByName(row.name)).toEqual(row);
    expect(await groups.get(bare.id)).toEqual(bare);
    expect(await groups.get("grp_none")).toBeNull();
    expect(await groups.getByName("none")).toBeNull();
  });

  test("a name is taken once, and a provider's group is there once", async () => {
    const { groups } = database.storage;
    const external_id = newId("p");
    const first = groupRow({ source: "globus", external_id });
    const atAnotherSource = groupRow({ source: "proxy", external_id });
    for (const row of [first, atAnotherSource, groupRow(), groupRow()]) await groups.insert(row);
    expect(await violation(groups.insert(groupRow({ name: first.name })))).toBe("group_name");
    expect(await violation(groups.insert(groupRow({ name: "everyone" })))).toBe("group_name");
    expect(await violation(groups.update(atAnotherSource.id, { name: first.name }))).toBe("group_name");
    expect(await violation(groups.insert(groupRow({ source: "globus", external_id })))).toBe("group_external_id");
    expect(await violation(groups.insert({ ...first, name: newId("p") }))).toBe("group_external_id");
    expect(await violation(groups.insert({ ...first, name: newId("p"), external_id: null }))).toBe("group_external_id");
    expect(await groups.get(atAnotherSource.id)).toEqual(atAnotherSource);
  });

  test("are paged by name, in byte order, each once", async () => {
    const { groups } = database.storage;
    const names = ["Zeta", "alpha", "Beta", "ünder", "a-b", "aB", "a b"].map((name) => `page ${name}`);
    for (const name of names) await groups.insert(groupRow({ name }));
    const pages = await allPages((request) => groups.page(request), 3);
    for (const page of pages.slice(0, -1)) expect(page).toHaveLength(3);
    const listed = pages.flat().map((row) => row.name);
    expect(listed.filter((name) => name.startsWith("page "))).toEqual(names.sort(inByteOrder));
    expect(await groups.all()).toEqual(pages.flat());
  });

  test("an update with a stale version changes nothing", async () => {
    const { groups } = database.storage;
    const row = groupRow();
    await groups.insert(row);
    expect(await groups.update(row.id, { models: '["*"]', updated_at: 5 }, 1)).toBe(true);
    expect(await groups.update(row.id, { models: "[]" }, 1)).toBe(false);
    expect(await groups.update("grp_none", { models: "[]" })).toBe(false);
    expect(await groups.get(row.id)).toEqual({ ...row, models: '["*"]', updated_at: 5, version: 2 });
    expect(await groups.update(row.id, { limits: "{}" })).toBe(true);
    expect(await groups.get(row.id)).toMatchObject({ limits: "{}", version: 3 });
  });

  test("names are found by id, of those that there are", async () => {
    const { groups } = database.storage;
    const [one, gone] = [groupRow(), groupRow()];
    for (const row of [one, gone]) await groups.insert(row);
    expect(await groups.delete(gone.id)).toBe(true);
    expect(await groups.delete(gone.id)).toBe(false);
    const expected = new Map([
      [one.id, one.name],
      [everyoneGroupId, "everyone"],
    ]);
    expect(await groups.names([one.id, everyoneGroupId, gone.id])).toEqual(expected);
    expect(await groups.names([])).toEqual(new Map());
  });

  test("a deleted group is nobody's primary group, and deleted keys do not hold it back", async () => {
    const { groups, keys, users } = database.storage;
    const [group, other] = [groupRow(), groupRow()];
    for (const row of [group, other]) await groups.insert(row);
    const [user, elsewhere] = [userRow({ primary_group_id: group.id }), userRow({ primary_group_id: other.id })];
    for (const row of [user, elsewhere]) await users.insert(row);
    const key = keyRow({ group_id: group.id, deleted_at: 7 });
    await keys.insert(key);
    expect(await groups.delete(group.id)).toBe(true);
    expect(await users.get(user.id)).toEqual({ ...user, primary_group_id: null });
    expect(await users.get(elsewhere.id)).toEqual(elsewhere);
    expect(await keys.names([key.id])).toEqual(new Map([[key.id, key.name]]));
  });

  test("a group that pays a key stays", async () => {
    const { groups, keys } = database.storage;
    const group = groupRow();
    await groups.insert(group);
    const [key, deleted] = [keyRow({ group_id: group.id }), keyRow({ group_id: group.id, deleted_at: 7 })];
    for (const row of [key, deleted]) await keys.insert(row);
    await expect(groups.delete(group.id)).rejects.toThrow(/foreign key/i);
    expect(await groups.get(group.id)).toEqual(group);
    expect(await keys.get(key.id)).toEqual(key);
    await keys.update(key.id, { group_id: everyoneGroupId });
    expect(await groups.delete(group.id)).toBe(true);
    expect(await keys.get(key.id)).toMatchObject({ group_id: everyoneGroupId });
  });
}

function membershipsContract(database: ContractDatabase): void {
  /** Users and groups, each in the order of their ids. */
  async function people(userCount: number, groupCount: number): Promise<{ users: UserRow[]; groups: GroupRow[] }> {
    const users = Array.from({ length: userCount }, () => userRow());
    const groups = Array.from({ length: groupCount }, () => groupRow());
    for (const row of users) await database.storage.users.insert(row);
    for (const row of groups) await database.storage.groups.insert(row);
    const byId = (a: { id: string }, b: { id: string }) => inByteOrder(a.id, b.id);
    return { users: users.sort(byId), groups: groups.sort(byId) };
  }

  const member = (group: GroupRow, user: UserRow, source = "admin", created_at = 1): GroupMemberRow => {
    return { group_id: group.id, user_id: user.id, source, created_at };
  };

  test("are read by group, by user and all together, in order", async () => {
    const { groups } = database.storage;
    const made = await people(2, 2);
    const [ann, bob] = made.users as [UserRow, UserRow];
    const [red, blue] = made.groups as [GroupRow, GroupRow];
    const rows = [member(red, ann), member(red, ann, "globus"), member(blue, ann), member(red, bob)];
    for (const row of [...rows].reverse()) await groups.addMember(row);
    expect(await groups.membersOf(red.id)).toEqual([rows[0], rows[1], rows[3]]);
    expect(await groups.groupsOf(ann.id)).toEqual([rows[0], rows[1], rows[2]]);
    expect(await groups.membersOf("grp_none")).toEqual([]);
    expect(await groups.groupsOf("usr_none")).toEqual([]);
    const all = await groups.members();
    expect(all.filter((row) => [ann.id, bob.id].includes(row.user_id))).toEqual(rows);
    expect(await groups.membershipsOf([bob.id, ann.id, "usr_none"])).toEqual(rows);
    expect(await groups.membershipsOf([bob.id])).toEqual([rows[3]]);
    expect(await groups.membershipsOf([])).toEqual([]);
  });

  test("are paged by user and source, and counted by user", async () => {
    const { groups } = database.storage;
    const made = await people(4, 3);
    const [red, blue, empty] = made.groups as [GroupRow, GroupRow, GroupRow];
    const rows = made.users.flatMap((user) => [member(red, user), member(red, user, "globus")]);
    for (const row of [...rows].reverse()) await groups.addMember(row);
    await groups.addMember(member(blue, made.users[0] as UserRow));
    const pages = await allPages((request) => groups.pageOfMembers(red.id, request), 3);
    expect(pages.map((page) => page.length)).toEqual([3, 3, 2]);
    expect(pages.flat()).toEqual(rows);
    expect((await groups.pageOfMembers(empty.id, { limit: 3 })).rows).toEqual([]);
    const unreadable = await groups.pageOfMembers(red.id, { limit: 3, cursor: "nonsense" }).catch((error: unknown) => error);
    expect(unreadable).toBeInstanceOf(HeadgateError);

    const counts = await groups.memberCounts([red.id, blue.id, empty.id]);
    expect([counts.get(red.id), counts.get(blue.id), counts.get(empty.id) ?? 0]).toEqual([4, 1, 0]);
    expect(await groups.memberCounts([])).toEqual(new Map());
  });

  test("one that is there already stays as it is, and one goes without those of other sources", async () => {
    const { groups } = database.storage;
    const made = await people(1, 1);
    const [ann] = made.users as [UserRow];
    const [red] = made.groups as [GroupRow];
    await groups.addMember(member(red, ann));
    await groups.addMember(member(red, ann, "admin", 99));
    await groups.addMember(member(red, ann, "globus", 2));
    expect(await groups.groupsOf(ann.id)).toEqual([member(red, ann), member(red, ann, "globus", 2)]);
    expect(await groups.removeMember(red.id, ann.id, "admin")).toBe(true);
    expect(await groups.removeMember(red.id, ann.id, "admin")).toBe(false);
    expect(await groups.groupsOf(ann.id)).toEqual([member(red, ann, "globus", 2)]);
  });

  test("go with their user and with their group, and need both", async () => {
    const { groups, users } = database.storage;
    const made = await people(2, 2);
    const [ann, bob] = made.users as [UserRow, UserRow];
    const [red, blue] = made.groups as [GroupRow, GroupRow];
    for (const row of [member(red, ann), member(blue, ann), member(red, bob), member(blue, bob)]) await groups.addMember(row);
    await users.delete(ann.id);
    expect(await groups.groupsOf(ann.id)).toEqual([]);
    expect(await groups.get(red.id)).toEqual(red);
    await groups.delete(red.id);
    expect(await groups.groupsOf(bob.id)).toEqual([member(blue, bob)]);
    expect(await users.get(bob.id)).toEqual(bob);
    await expect(groups.addMember(member(red, bob))).rejects.toThrow(/foreign key/i);
    await expect(groups.addMember(member(blue, ann))).rejects.toThrow(/foreign key/i);
    await expect(groups.replaceMemberships(bob.id, "globus", [blue.id, red.id], 1)).rejects.toThrow(/foreign key/i);
    expect(await groups.groupsOf(bob.id)).toEqual([member(blue, bob)]);
  });

  test("replacing what a source says touches no other user and no other source, and says whether it changed anything", async () => {
    const { groups } = database.storage;
    const made = await people(2, 3);
    const [ann, bob] = made.users as [UserRow, UserRow];
    const [red, blue, green] = made.groups as [GroupRow, GroupRow, GroupRow];
    const others = [member(red, ann), member(green, ann, "proxy"), member(red, bob, "globus"), member(blue, bob, "globus")];
    for (const row of others) await groups.addMember(row);
    const said = async () => (await groups.groupsOf(ann.id)).filter((row) => row.source === "globus");
    const untouched = async () => {
      const rows = [...(await groups.groupsOf(ann.id)), ...(await groups.groupsOf(bob.id))];
      return rows.filter((row) => row.user_id === bob.id || row.source !== "globus");
    };

    expect(await groups.replaceMemberships(ann.id, "globus", [], 10)).toEqual({ hasJoined: false, hasLeft: false });
    expect(await groups.replaceMemberships(ann.id, "globus", [blue.id, red.id, blue.id], 10)).toEqual({
      hasJoined: true,
      hasLeft: false,
    });
    expect(await said()).toEqual([member(red, ann, "globus", 10), member(blue, ann, "globus", 10)]);
    expect(await groups.replaceMemberships(ann.id, "globus", [red.id, blue.id], 20)).toEqual({
      hasJoined: false,
      hasLeft: false,
    });
    expect(await groups.replaceMemberships(ann.id, "globus", [green.id, blue.id], 30)).toEqual({
      hasJoined: true,
      hasLeft: true,
    });
    expect(await said()).toEqual([member(blue, ann, "globus", 10), member(green, ann, "globus", 30)]);
    expect(await groups.replaceMemberships(ann.id, "globus", [blue.id], 40)).toEqual({ hasJoined: false, hasLeft: true });
    expect(await said()).toEqual([member(blue, ann, "globus", 10)]);
    expect(await untouched()).toEqual(others);
    expect(await groups.replaceMemberships(ann.id, "globus", [], 50)).toEqual({ hasJoined: false, hasLeft: true });
    expect(await said()).toEqual([]);
    expect(await untouched()).toEqual(others);
  });

  test("replaced inside a transaction, they are as before when it fails", async () => {
    const { storage } = database;
    const made = await people(1, 2);
    const [ann] = made.users as [UserRow];
    const [red, blue] = made.groups as [GroupRow, GroupRow];
    await storage.groups.addMember(member(red, ann, "globus"));
    const work = storage.transaction(async (inside) => {
      expect(await inside.groups.replaceMemberships(ann.id, "globus", [blue.id], 2)).toEqual({ hasJoined: true, hasLeft: true });
      expect(await inside.groups.groupsOf(ann.id)).toEqual([member(blue, ann, "globus", 2)]);
      throw new Error("on purpose");
    });
    await expect(work).rejects.toThrow("on purpose");
    expect(await storage.groups.groupsOf(ann.id)).toEqual([member(red, ann, "globus")]);
  });

  test("replaced from several sides at once, they are what one of them said", async () => {
    const { groups } = database.storage;
    const made = await people(1, 6);
    const [ann] = made.users as [UserRow];
    const ids = made.groups.map((group) => group.id);
    const pairs = [0, 2, 4].map((first) => ids.slice(first, first + 2));
    for (let round = 0; round < 10; round++) {
      await Promise.all(pairs.map((pair) => groups.replaceMemberships(ann.id, "globus", pair, round)));
      expect(pairs).toContainEqual((await groups.groupsOf(ann.id)).map((row) => row.group_id));
    }
  });
}

function manifestsContract(database: ContractDatabase): void {
  test("come back as they went in, by id, by name and in order", async () => {
    const { manifests } = database.storage;
    const row = manifestRow({
      name: "mft b",
      allowed_hosts: '["a.test"]',
      headers_ciphertext: "k1:abc",
      tokens_ciphertext: "k1:def",
      content: '{"ünï": "\\u0000 日本 🎈"}\n',
      etag: 'W/"1"',
      last_modified: "Thu, 01 Jan 2026 00:00:00 GMT",
      last_success_at: 1_800_000_000_000,
      last_error: '{"at":1,"stage":"fetch","detail":"no"}',
    });
    const others = [manifestRow({ name: "mft c" }), manifestRow({ name: "mft B", origin: "environment" })];
    for (const each of [row, ...others]) await manifests.insert(each);
    expect(await manifests.get(row.id)).toEqual(row);
    expect(await manifests.getByName("mft b")).toEqual(row);
    expect(await manifests.get("mft_none")).toBeNull();
    expect(await manifests.getByName("mft d")).toBeNull();
    const listed = (await manifests.all()).filter(({ name }) => name.startsWith("mft "));
    expect(listed).toEqual([others[1], row, others[0]]);
  });

  test("a name is taken once", async () => {
    const { manifests } = database.storage;
    const [first, second] = [manifestRow(), manifestRow()];
    for (const row of [first, second]) await manifests.insert(row);
    expect(await violation(manifests.insert(manifestRow({ name: first.name })))).toBe("manifest_name");
    expect(await violation(manifests.update(second.id, { name: first.name }))).toBe("manifest_name");
    expect(await manifests.get(second.id)).toEqual(second);
  });

  test("settings are a new version, what a fetch said is none", async () => {
    const { manifests } = database.storage;
    const row = manifestRow();
    await manifests.insert(row);
    const fetched = { content: "{}", etag: '"2"', last_modified: null, last_success_at: 9, last_error: null };
    await manifests.updateFetched(row.id, fetched);
    expect(await manifests.get(row.id)).toEqual({ ...row, ...fetched });
    const failed = { last_error: '{"at":10,"stage":"parse","detail":"no"}' };
    await manifests.updateFetched(row.id, failed);
    await manifests.updateFetched(row.id, {});
    expect(await manifests.get(row.id)).toEqual({ ...row, ...fetched, ...failed });
    expect(await manifests.update(row.id, { interval_ms: 5, updated_at: 6 })).toBe(true);
    expect(await manifests.update("mft_none", { interval_ms: 5 })).toBe(false);
    expect(await manifests.get(row.id)).toEqual({ ...row, ...fetched, ...failed, interval_ms: 5, updated_at: 6, version: 2 });
    expect(await manifests.delete(row.id)).toBe(true);
    expect(await manifests.delete(row.id)).toBe(false);
    expect(await manifests.get(row.id)).toBeNull();
  });
}

function namingRowsContract(database: ContractDatabase): void {
  test("a manifest's endpoints are found by name, and an entry is one endpoint", async () => {
    const { deployments, endpoints } = database.storage;
    const [manifest_id, another] = [newId("mft"), newId("mft")];
    const entry = (manifest: string, manifest_key: string, name: string) =>
      endpointRow({ origin: "manifest", manifest_id: manifest, manifest_key, name: `${name} ${manifest}` });
    const rows = [entry(manifest_id, "x", "b"), entry(manifest_id, "y", "B"), entry(manifest_id, "z", "a")] as const;
    for (const row of [...rows, entry(another, "x", "c"), endpointRow(), endpointRow()]) await endpoints.insert(row);
    expect(await endpoints.ofManifest(manifest_id)).toEqual([rows[1], rows[2], rows[0]]);
    expect(await endpoints.ofManifest("mft_none")).toEqual([]);
    expect(await violation(endpoints.insert(entry(manifest_id, "x", "d")))).toBe("endpoint_manifest_entry");
    // Ids of entries and of their deployments are computed, so they may be taken first.
    expect(await violation(endpoints.insert({ ...rows[0], name: newId("p") }))).toBe("endpoint_manifest_entry");
    const deployment = deploymentRow({ endpoint_id: rows[0].id, source: "manifest" });
    await deployments.insert(deployment);
    expect(await violation(deployments.insert(deployment))).toBe("deployment_upstream_model");
  });

  test("a pool that is restricted or limited stays when nothing belongs to it", async () => {
    const { models } = database.storage;
    const restricted = modelRow({ groups: '["team"]' });
    const limited = modelRow({ limits: '{"requests_per_second":1}' });
    const plain = modelRow();
    for (const row of [restricted, limited, plain]) await models.insert(row);
    await models.deleteUnused();
    expect(await models.get(restricted.id)).toEqual(restricted);
    expect(await models.get(limited.id)).toEqual(limited);
    expect(await models.get(plain.id)).toBeNull();
    await models.update(restricted.id, { groups: null });
    await models.deleteUnused();
    expect(await models.get(restricted.id)).toBeNull();
    expect(await models.get(limited.id)).toEqual(limited);
  });

  test("keys are found by whose they are and by who pays, oldest first, without deleted ones", async () => {
    const { groups, keys } = database.storage;
    const group = groupRow();
    await groups.insert(group);
    const [user_id, group_id] = [newId("usr"), group.id];
    const rows = [
      keyRow({ user_id, group_id, created_at: 30, limits: '{"requests_per_second":1}' }),
      keyRow({ user_id, created_at: 10 }),
      keyRow({ group_id, created_at: 20 }),
    ];
    for (const row of [...rows, keyRow({ user_id, group_id, deleted_at: 5 })]) await keys.insert(row);
    expect(await keys.ofUser(user_id)).toEqual([rows[1], rows[0]]);
    expect(await keys.paidByGroup(group_id)).toEqual([rows[2], rows[0]]);
    expect(await keys.ofUser("usr_none")).toEqual([]);
    expect(await keys.paidByGroup("grp_none")).toEqual([]);
  });
}
