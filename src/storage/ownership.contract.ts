// What the filters by owner let through, for every engine: what is one's own, of one's groups' members, and paid by one's groups.
import { describe, expect, test } from "vitest";
import { settledAttempt } from "../../test/support/ledger-records.ts";
import { newId } from "../core/ids.ts";
import { everyoneGroupId } from "../domain/everyone.ts";
import type { OwnedBy } from "./ports/owned-by.ts";
import { allPages, groupRow, keyRow, modelRow, userRow } from "./rows.contract.ts";
import type { ContractDatabase } from "./storage.contract.ts";

const hourMs = 3_600_000;
const atMs = 410_000 * hourMs;

export function ownershipContract(database: ContractDatabase): void {
  describe("what belongs to a user and their groups", () => {
    /** Ann and Bob are in the first group, Cem in the second; what each of them has, and what each group pays. */
    async function population() {
      const { users, groups, keys, ledger } = database.storage;
      const [ann, bob, cem] = [userRow(), userRow(), userRow()];
      const [first, second] = [groupRow(), groupRow()];
      for (const row of [ann, bob, cem]) await users.insert(row);
      for (const row of [first, second]) await groups.insert(row);
      for (const [group, user, source] of [
        [first, ann, "admin"],
        [first, bob, "admin"],
        [first, bob, "globus"],
        [second, cem, "admin"],
      ] as const) {
        await groups.addMember({ group_id: group.id, user_id: user.id, source, created_at: 1 });
      }
      const key = async (user_id: string | null, group_id: string) => {
        const row = keyRow({ user_id, group_id });
        await keys.insert(row);
        const attempt = { keyId: row.id, userId: user_id, groupId: group_id, startedAtMs: atMs };
        await ledger.ingest([settledAttempt(attempt)]);
        return row.id;
      };
      const of = {
        ann: await key(ann.id, everyoneGroupId),
        bob: await key(bob.id, second.id),
        cem: await key(cem.id, everyoneGroupId),
        cemPaidByFirst: await key(cem.id, first.id),
        first: await key(null, first.id),
        nobody: await key(null, everyoneGroupId),
      };
      return { ann, bob, cem, first, second, of };
    }

    const readers: Record<string, (owner: OwnedBy) => Promise<(string | null)[]>> = {
      keys: async (owner) => {
        return (await allPages((request) => database.storage.keys.page(request, { ownedBy: owner }), 2))
          .flat()
          .map(({ id }) => id);
      },
      requests: async (ownedBy) => {
        const pages = await allPages((request) => database.storage.ledger.pageOfRequests({ ownedBy }, request), 2);
        return pages.flat().map(({ key_id }) => key_id);
      },
      usage: async (ownedBy) => {
        const query = { fromMs: atMs, toMs: atMs + hourMs, groupBy: ["key" as const], bucket: null, ownedBy };
        return (await database.storage.ledger.usage(query)).map(({ keyId }) => keyId);
      },
    };

    test.each(Object.keys(readers))("%s", async (name) => {
      const { ann, cem, first, second, of } = await population();
      const read = async (owner: OwnedBy) => (await readers[name]?.(owner))?.sort();
      expect(await read({ userId: ann.id, groupIds: [] })).toEqual([of.ann]);
      expect(await read({ userId: cem.id, groupIds: [] })).toEqual([of.cem, of.cemPaidByFirst].sort());
      const ofFirst = [of.ann, of.bob, of.cemPaidByFirst, of.first];
      expect(await read({ userId: ann.id, groupIds: [first.id] })).toEqual(ofFirst.sort());
      expect(await read({ userId: ann.id, groupIds: [first.id, second.id] })).toEqual([...ofFirst, of.cem].sort());
      expect(await read({ userId: newId("usr"), groupIds: [] })).toEqual([]);
    });

    test("users", async () => {
      const { ann, bob, cem, first, second } = await population();
      const read = async (owner: OwnedBy) =>
        (await allPages((request) => database.storage.users.page(request, { ownedBy: owner }), 2)).flat().map(({ id }) => id);
      expect(await read({ userId: ann.id, groupIds: [] })).toEqual([ann.id]);
      expect((await read({ userId: ann.id, groupIds: [first.id] })).sort()).toEqual([ann.id, bob.id].sort());
      expect((await read({ userId: ann.id, groupIds: [second.id] })).sort()).toEqual([ann.id, cem.id].sort());
    });

    test("groups by id, members by user, and models by name", async () => {
      const { groups, models } = database.storage;
      const { bob, cem, first, second } = await population();
      const some = await allPages((request) => groups.page(request, { ids: [first.id, second.id, "grp_none"] }), 1);
      expect(some.flat().map(({ id }) => id)).toEqual(
        [first, second].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ id }) => id),
      );
      expect((await groups.page({ limit: 10 }, { ids: [] })).rows).toEqual([]);
      const ofBob = await groups.pageOfMembers(first.id, { limit: 10 }, bob.id);
      expect(ofBob.rows.map(({ source }) => source)).toEqual(["admin", "globus"]);
      expect((await groups.pageOfMembers(first.id, { limit: 10 }, cem.id)).rows).toEqual([]);

      const rows = ["ä'\"", "b", "c"].map((name) => modelRow({ name: `owned ${name} ${newId("p")}` }));
      for (const row of rows) await models.insert(row);
      const names = rows.slice(0, 2).map(({ name }) => name);
      const pages = await allPages((request) => models.page(request, { names: [...names, "not there"] }), 1);
      expect(
        pages
          .flat()
          .map(({ name }) => name)
          .sort(),
      ).toEqual([...names].sort());
      expect((await models.page({ limit: 10 }, { names: [] })).rows).toEqual([]);
    });
  });
}
