// What lists are narrowed by, for every engine: search by the same rule in both, filters, pages that stay whole under both.

import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { settledAttempt } from "../../test/support/ledger-records.ts";
import { everyoneGroupId } from "../domain/everyone.ts";
import type { RequestFilter } from "./ports/ledger.ts";
import type { ManifestRow } from "./ports/manifests.ts";
import type { ModelFilter } from "./ports/models.ts";
import type { OwnedBy } from "./ports/owned-by.ts";
import { allPages, deploymentRow, endpointRow, groupRow, keyRow, manifestRow, modelRow, userRow } from "./rows.contract.ts";
import type { ContractDatabase } from "./storage.contract.ts";

/** A text that no other row has. */
const newMark = (text: string) => `${text}-${randomUUID()}`;

const atMs = 480_000 * 3_600_000;

export function listsContract(database: ContractDatabase): void {
  describe("search", () => {
    /** Which of `names` are found, among models of those names. */
    async function found(names: readonly string[], search: string): Promise<string[]> {
      const mark = newMark("s");
      for (const name of names) await database.storage.models.insert(modelRow({ name: `${mark} ${name}` }));
      const pages = await allPages((request) => database.storage.models.page(request, { search }), 500);
      const rows = pages.flat().filter(({ name }) => name.startsWith(mark));
      return rows.map(({ name }) => name.slice(mark.length + 1));
    }

    test.each([
      ["part of a name in either case", ["GPT-four", "my gpt-FOUR x", "gpt-five"], "pT-Fo", ["GPT-four", "my gpt-FOUR x"]],
      ["letters of other scripts in either case", ["ÄRGER", "ärger", "arger"], "äRG", ["ÄRGER", "ärger"]],
      ["Greek, Cyrillic, Armenian", ["ΣΊΣΥΦΟΣ", "МОДЕЛЬ", "ՄՈԴԵԼ"], "модель", ["МОДЕЛЬ"]],
      ["a final sigma as any other", ["ΛΟΓΟΣ", "λογος"], "λογος", ["ΛΟΓΟΣ", "λογος"]],
      ["letters beyond the first plane", ["𐐀x", "𐐨x", "y"], "𐐨", ["𐐀x", "𐐨x"]],
      ["signs of LIKE", ["100% a_b", "100x axb"], "% a_", ["100% a_b"]],
      ["signs of GLOB", ["a*b?[c]", "axbyc"], "*b?[c]", ["a*b?[c]"]],
      ["signs of regular expressions", ["(a|b)+$^.{1}\\d-/", "a1"], "(A|B)+$^.{1}\\D-/", ["(a|b)+$^.{1}\\d-/"]],
      ["the beginning of a regular expression's options", ["***=x", "(?i)y"], "***=X", ["***=x"]],
      ["quotes, and what follows them", ['it\'s "x"; --', "its"], '\'s "X"; --', ['it\'s "x"; --']],
      ["ends of sets", ["a]b-c^", "ab"], "]B-C^", ["a]b-c^"]],
      ["pictures", ["a 🎈", "b 🎉"], "🎈", ["a 🎈"]],
      ["sharp s as itself alone", ["STRASSE", "straße"], "STRAß", ["straße"]],
      ["nothing: all", ["a", "b"], "", ["a", "b"]],
    ])("%s", async (_what, names, search, expected) => {
      expect((await found(names, search)).sort()).toEqual([...expected].sort());
    });

    test("what can't be text in a database is no error", async () => {
      expect(await found(["a"], "\0\ud800")).toEqual([]);
    });

    test("pages of what was found are whole, in order, each once", async () => {
      const { endpoints } = database.storage;
      const mark = newMark("P");
      const names = Array.from({ length: 7 }, (_, index) => `${index} ${index % 2 ? mark.toUpperCase() : mark.toLowerCase()}`);
      for (const name of [...names, "8 other", "0 other"]) await endpoints.insert(endpointRow({ name }));
      const pages = await allPages((request) => endpoints.page(request, { search: mark }), 3);
      expect(pages.map((page) => page.map(({ name }) => name))).toEqual([names.slice(0, 3), names.slice(3, 6), names.slice(6)]);
    });

    test("looks in the columns that each list says", async () => {
      const { keys, users, groups, manifests } = database.storage;
      const mark = newMark("Mark");
      const found = mark.toLowerCase();
      const keyed = [
        keyRow({ name: `a ${mark}` }),
        keyRow({ prefix: `sk-${mark}` }),
        keyRow({ digest: `${mark}`, models: `["${mark}"]` }),
      ];
      for (const row of keyed) await keys.insert(row);
      const listedKeys = (await allPages((request) => keys.page(request, { search: found }), 1)).flat();
      expect(listedKeys.map(({ id }) => id).sort()).toEqual([keyed[0]?.id, keyed[1]?.id].sort());

      const people = [
        userRow({ name: `a ${mark}` }),
        userRow({ email: `${mark}@uni.test` }),
        userRow({ username: `b-${mark}`, source: "globus", subject: `s${mark}` }),
        userRow({ password_hash: mark }),
      ];
      for (const row of people) await users.insert(row);
      const listedUsers = (await allPages((request) => users.page(request, { search: found }), 1)).flat();
      expect(listedUsers.map(({ id }) => id).sort()).toEqual(
        people
          .slice(0, 3)
          .map(({ id }) => id)
          .sort(),
      );

      const group = groupRow({ name: `g ${mark}` });
      await groups.insert(group);
      await groups.insert(groupRow({ models: `["${mark}"]` }));
      expect((await groups.page({ limit: 9 }, { search: found })).rows).toEqual([group]);
      expect((await groups.page({ limit: 9 }, { search: found, ids: [everyoneGroupId] })).rows).toEqual([]);
      expect((await groups.page({ limit: 9 }, { search: found, ids: [group.id] })).rows).toEqual([group]);

      const followed = manifestRow({ name: `m ${mark}` });
      await manifests.insert(followed);
      await manifests.insert(manifestRow({ content: mark }));
      expect((await manifests.page({ limit: 9 }, { search: found })).rows).toEqual([followed]);
    });
  });

  test("manifests are paged by name, and a change to one counts its version", async () => {
    const { manifests } = database.storage;
    for (const name of ["c", "a", "b"]) await manifests.insert(manifestRow({ name: `paged ${name}` }));
    const pages = await allPages((request) => manifests.page(request, { search: "paged " }), 2);
    expect(pages.map((page) => page.map(({ name }) => name))).toEqual([["paged a", "paged b"], ["paged c"]]);
    const first = pages[0]?.[0] as ManifestRow;
    expect(await manifests.update(first.id, { interval_ms: 1 })).toBe(true);
    expect(await manifests.get(first.id)).toMatchObject({ interval_ms: 1, version: 2 });
  });

  test("keys by user and by the group that pays, also for whom does not see all; and how many a group pays", async () => {
    const { keys, users, groups } = database.storage;
    const [ann, bob] = [userRow(), userRow()];
    const [red, blue] = [groupRow(), groupRow()];
    for (const row of [ann, bob]) await users.insert(row);
    for (const row of [red, blue]) await groups.insert(row);
    const key = async (user_id: string, group_id: string, deleted_at: number | null = null) => {
      const row = keyRow({ user_id, group_id, deleted_at });
      await keys.insert(row);
      return row.id;
    };
    const [annRed, annBlue, bobRed] = [await key(ann.id, red.id), await key(ann.id, blue.id), await key(bob.id, red.id)];
    await key(bob.id, red.id, 5);
    const ids = async (filter: object) => (await keys.page({ limit: 9 }, filter)).rows.map(({ id }) => id).sort();
    expect(await ids({ userId: ann.id })).toEqual([annRed, annBlue].sort());
    expect(await ids({ groupId: red.id })).toEqual([annRed, bobRed].sort());
    expect(await ids({ userId: ann.id, groupId: red.id })).toEqual([annRed]);
    expect(await ids({ groupId: red.id, ownedBy: { userId: bob.id, groupIds: [] } })).toEqual([bobRed]);
    expect(await ids({ userId: ann.id, ownedBy: { userId: bob.id, groupIds: [] } })).toEqual([]);
    expect(await keys.countsOfGroups([red.id, blue.id, "grp_none"])).toEqual(
      new Map([
        [red.id, 2],
        [blue.id, 1],
      ]),
    );
    expect(await keys.countsOfGroups([])).toEqual(new Map());
  });

  test("users by role and by group", async () => {
    const { users, groups } = database.storage;
    const mark = newMark("role");
    const [ann, bob] = [userRow({ name: `${mark} a`, role: "auditor" }), userRow({ name: `${mark} b` })];
    const group = groupRow();
    for (const row of [ann, bob]) await users.insert(row);
    await groups.insert(group);
    for (const source of ["admin", "globus"])
      await groups.addMember({ group_id: group.id, user_id: bob.id, source, created_at: 1 });
    const ids = async (filter: object) => (await users.page({ limit: 9 }, { search: mark, ...filter })).rows.map(({ id }) => id);
    expect(await ids({ role: "auditor" })).toEqual([ann.id]);
    expect(await ids({ groupId: group.id })).toEqual([bob.id]);
    expect(await ids({ groupId: group.id, role: "auditor" })).toEqual([]);
    expect(await ids({ groupId: everyoneGroupId })).toEqual([ann.id, bob.id]);
    expect(await ids({ groupId: group.id, ownedBy: { userId: ann.id, groupIds: [] } })).toEqual([]);
  });

  test("models by endpoint, status and kind, as their targets make them", async () => {
    const { endpoints, models, deployments, modelTargets } = database.storage;
    const mark = newMark("of");
    const [here, there] = [endpointRow({ name: `here ${mark}` }), endpointRow({ name: `there ${mark}` })];
    for (const row of [here, there]) await endpoints.insert(row);
    const model = async (name: string, changes: object = {}) => {
      const row = modelRow({ name: `${mark} ${name}`, ...changes });
      await models.insert(row);
      return row.id;
    };
    const deployment = async (endpoint_id: string, model_id: string | null, changes: object = {}) => {
      const row = deploymentRow({ endpoint_id, model_id, ...changes });
      await deployments.insert(row);
      return row.id;
    };
    const mixed = await model("mixed");
    await deployment(here.id, mixed, { status: "offline" });
    const active = await deployment(there.id, mixed);
    const disabled = await model("disabled");
    const off = await deployment(here.id, disabled, { status: "disabled" });
    await deployment(there.id, disabled, { status: "active", removed_at: 5, model_id: null });
    const half = await model("half disabled");
    await deployment(here.id, half, { status: "disabled" });
    await deployment(there.id, half, { status: "offline" });
    await model("empty");
    const virtual = await model("virtual", { kind: "virtual" });
    const shut = await model("virtual shut", { kind: "virtual", disabled_at: 5 });
    const over = await model("virtual over disabled", { kind: "virtual" });
    for (const [id, target] of [
      [virtual, active],
      [shut, active],
      [over, off],
      // what a pool says of a deployment makes it none of its own
      [disabled, active],
    ] as const) {
      await modelTargets.replace(id, [{ deployment_id: target, weight: null, priority: null }]);
    }
    const names = async (filter: ModelFilter) => {
      const pages = await allPages((request) => models.page(request, { search: mark, ...filter }), 2);
      return pages.flat().map(({ name }) => name.slice(mark.length + 1));
    };
    expect(await names({ status: "active" })).toEqual(["mixed", "virtual"]);
    expect(await names({ status: "disabled" })).toEqual(["disabled", "virtual over disabled", "virtual shut"]);
    expect(await names({ status: "offline" })).toEqual(["empty", "half disabled"]);
    expect(await names({ kind: "virtual" })).toEqual(["virtual", "virtual over disabled", "virtual shut"]);
    expect(await names({ endpoint: here.name })).toEqual(["disabled", "half disabled", "mixed", "virtual over disabled"]);
    expect(await names({ endpoint: there.name })).toEqual(["half disabled", "mixed", "virtual", "virtual shut"]);
    expect(await names({ endpoint: there.name, status: "active", kind: "pool" })).toEqual(["mixed"]);
    expect(await names({ endpoint: "nobody" })).toEqual([]);
  });

  test("a key was last used when its newest request began", async () => {
    const { keys, ledger } = database.storage;
    const [used, unused] = [keyRow(), keyRow()];
    for (const row of [used, unused]) await keys.insert(row);
    const attempt = { keyId: used.id, startedAtMs: atMs };
    await ledger.ingest([settledAttempt({ ...attempt, startedAtMs: atMs + 7 }), settledAttempt(attempt)]);
    expect(await ledger.lastUsed([used.id, unused.id])).toEqual(new Map([[used.id, atMs + 7]]));
    expect(await ledger.lastUsed([])).toEqual(new Map());
  });

  describe("requests", () => {
    /** Ann, Bob and Cem, of whom the first two are in a group; a request each, at times that say whose it is, and who pays. */
    async function population() {
      const { users, groups, ledger } = database.storage;
      const [ann, bob, cem] = [userRow(), userRow(), userRow()];
      const [first, second] = [groupRow(), groupRow()];
      for (const row of [ann, bob, cem]) await users.insert(row);
      for (const row of [first, second]) await groups.insert(row);
      for (const user of [ann, bob])
        await groups.addMember({ group_id: first.id, user_id: user.id, source: "admin", created_at: 1 });
      const mark = newMark("req");
      let made = 0;
      const request = async (userId: string | null, groupId: string, changes: object = {}) => {
        const id = `${mark}-${made}`;
        await ledger.ingest([settledAttempt({ requestId: id, userId, groupId, startedAtMs: atMs + made++, ...changes })]);
        return id;
      };
      return { ann, bob, cem, first, second, request };
    }
    const idsOf = async (filter: RequestFilter, limit = 2) => {
      const pages = await allPages((request) => database.storage.ledger.pageOfRequests(filter, request), limit);
      return pages.flat().map(({ request_id }) => request_id);
    };

    test("by user, by the group that pays, and by id, with what the asker sees", async () => {
      const { ann, bob, cem, first, second, request } = await population();
      const ofAnn = await request(ann.id, everyoneGroupId);
      const ofBob = await request(bob.id, second.id);
      const ofCem = await request(cem.id, first.id);
      const ofFirst = await request(null, first.id);
      expect(await idsOf({ userId: bob.id })).toEqual([ofBob]);
      expect(await idsOf({ groupId: first.id })).toEqual([ofFirst, ofCem]);
      expect(await idsOf({ groupId: everyoneGroupId, userId: ann.id })).toEqual([ofAnn]);
      expect(await idsOf({ groupId: first.id, userId: cem.id })).toEqual([ofCem]);
      expect(await idsOf({ requestId: ofCem })).toEqual([ofCem]);
      const ownedBy: OwnedBy = { userId: ann.id, groupIds: [first.id] };
      expect(await idsOf({ ownedBy })).toEqual([ofFirst, ofCem, ofBob, ofAnn]);
      expect(await idsOf({ ownedBy, userId: cem.id })).toEqual([ofCem]);
      expect(await idsOf({ ownedBy, groupId: second.id })).toEqual([ofBob]);
      expect(await idsOf({ ownedBy, requestId: ofBob })).toEqual([ofBob]);
      expect(await idsOf({ ownedBy: { userId: cem.id, groupIds: [] }, requestId: ofBob })).toEqual([]);
      expect(await idsOf({ ownedBy: { userId: cem.id, groupIds: [second.id] }, groupId: second.id })).toEqual([ofBob]);
    });

    test("a manager's are the newest of all that is theirs, on every page, whoever made and whoever pays them", async () => {
      const { ann, bob, cem, first, second, request } = await population();
      const seen: string[] = [];
      for (let turn = 0; turn < 60; turn++) {
        const user = [ann.id, bob.id, cem.id, null, bob.id][turn % 5] as string | null;
        const group = [everyoneGroupId, first.id, second.id, first.id][turn % 4] as string;
        // some in the same millisecond
        const id = await request(user, group, turn % 7 === 0 ? { startedAtMs: atMs + 30 } : {});
        if (user === ann.id || user === bob.id || group === first.id) seen.push(id);
      }
      const owner: OwnedBy = { userId: ann.id, groupIds: [first.id] };
      const all = await idsOf({ ownedBy: owner }, 1000);
      expect([...all].sort()).toEqual([...seen].sort());
      for (const limit of [1, 2, 3, 5, 12]) expect(await idsOf({ ownedBy: owner }, limit)).toEqual(all);
      const window = { fromMs: atMs + 10, toMs: atMs + 40 };
      const rows = (await database.storage.ledger.pageOfRequests({ ownedBy: owner }, { limit: 1000 })).rows;
      const within = rows.filter((row) => row.started_at >= window.fromMs && row.started_at < window.toMs);
      expect(await idsOf({ ownedBy: owner, ...window }, 3)).toEqual(within.map((row) => row.request_id));
      expect(await idsOf({ ownedBy: owner, outcome: "error" })).toEqual([]);
      expect(await idsOf({ ownedBy: owner, outcome: "ok", model: "gpt-4o", endpoint: "openai" }, 7)).toEqual(all);
    });
  });
}
