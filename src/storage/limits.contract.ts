// What the storage says about limits: who has them, and which requests of the last minute count.
import { describe, expect, test } from "vitest";
import { settledAttempt } from "../../test/support/ledger-records.ts";
import { newId } from "../core/ids.ts";
import { groupRow, keyRow, modelRow, userRow } from "./rows.contract.ts";
import type { ContractDatabase } from "./storage.contract.ts";

const limits = '{"requests_per_minute":5}';

export function limitsContract(database: ContractDatabase): void {
  describe("limits", () => {
    test("all that have them are found, with their names, by text and by whose they are", async () => {
      const { keys, users, groups, models, limitHolders } = database.storage;
      const [user, group] = [newId("usr"), newId("grp")];
      await users.insert(userRow({ id: user, name: `limited ${user}`, limits }));
      await users.insert(userRow());
      await groups.insert(groupRow({ id: group, name: `limited ${group}`, limits }));
      const model = modelRow({ name: `limited ${newId("mdl")}`, limits });
      await models.insert(model);
      await models.insert(modelRow());
      const [own, others, deleted] = [newId("key"), newId("key"), newId("key")];
      await keys.insert(keyRow({ id: own, name: `limited ${own}`, user_id: user, limits }));
      await keys.insert(keyRow({ id: others, name: `limited ${others}`, limits }));
      await keys.insert(keyRow({ id: deleted, name: `limited ${deleted}`, limits, deleted_at: 5 }));
      await keys.insert(keyRow({ name: "limited in name alone" }));
      const search = "LIMITED";
      const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id).sort();
      expect(ids(await limitHolders.keys({ search }))).toEqual([own, others].sort());
      expect(await limitHolders.keys({ search, ownedBy: { userId: user, groupIds: [] } })).toEqual([
        { id: own, name: `limited ${own}`, limits },
      ]);
      expect(ids(await limitHolders.users({ search }))).toEqual([user]);
      expect(ids(await limitHolders.users({ ownedBy: { userId: "usr_other", groupIds: [] } }))).toEqual([]);
      expect(ids(await limitHolders.groups({ search }))).toEqual([group]);
      expect(ids(await limitHolders.groups({ ids: ["grp_other"] }))).toEqual([]);
      expect(ids(await limitHolders.models({ search }))).toEqual([model.id]);
      expect(ids(await limitHolders.models({ search: `limited ${own}` }))).toEqual([]);
    });

    test("requests of a time are told once each, with the tokens of all their attempts, the newest where there are too many", async () => {
      const { ledger } = database.storage;
      const fromMs = 1_650_000_000_000;
      const keyId = newId("key");
      const at = (ms: number, more: object = {}) =>
        settledAttempt({ startedAtMs: fromMs + ms, requestStartedAtMs: fromMs + ms, keyId, model: "limited", ...more });
      const requestId = newId("req");
      await ledger.ingest([
        at(-1),
        at(0),
        at(10, { requestId, final: false }),
        at(900, { requestId, requestStartedAtMs: fromMs + 10, attemptNo: 2 }),
        at(20, { keyId: null, userId: "usr_1" }),
        at(1000),
      ]);
      const asked = { fromMs, toMs: fromMs + 1000 };
      const row = (ms: number, tokens: number, keyOf: string | null = keyId, userId: string | null = null) => ({
        startedAtMs: fromMs + ms,
        keyId: keyOf,
        userId,
        model: "limited",
        tokens,
      });
      expect(await ledger.recentRequests({ ...asked, limit: 10 })).toEqual([row(0, 21), row(10, 42), row(20, 21, null, "usr_1")]);
      expect(await ledger.recentRequests({ ...asked, limit: 1 })).toEqual([row(20, 21, null, "usr_1")]);
    });
  });
}
