// What several processes on one database need of it, for every engine: leases, signs of life, values that are set once.
import { describe, expect, test } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { newId } from "../core/ids.ts";
import { openStorage } from "./open-storage.ts";
import type { ContractDatabase } from "./storage.contract.ts";

export function replicasContract(database: ContractDatabase): void {
  describe("work leases", () => {
    test("one holder at a time, who renews; others get it when it has expired or was let go", async () => {
      const { workLeases } = database.storage;
      const [one, other, name] = [newId("p"), newId("p"), newId("run")];
      expect(await workLeases.acquire([name], one, 60_000)).toEqual([name]);
      expect(await workLeases.acquire([name], other, 60_000)).toEqual([]);
      expect(await workLeases.acquire([name], one, 1)).toEqual([name]);
      await eventually(async () => (await workLeases.acquire([name], other, 60_000)).length === 1, { timeoutMs: 2000 });
      expect(await workLeases.acquire([name], one, 60_000)).toEqual([]);
      await workLeases.release(one);
      expect(await workLeases.held()).toContainEqual({ name, holder: other });
      await workLeases.release(other, []);
      expect(await workLeases.held()).toContainEqual({ name, holder: other });
      await workLeases.release(other, [name]);
      expect((await workLeases.held()).map((lease) => lease.name)).not.toContain(name);
      expect(await workLeases.acquire([name], one, 60_000)).toEqual([name]);
      await workLeases.release(one);
    });

    test("of many who ask at once for several, each is had by one", async () => {
      const { workLeases } = database.storage;
      const names = Array.from({ length: 5 }, () => newId("run"));
      const holders = Array.from({ length: 8 }, () => newId("p"));
      const got = await Promise.all(holders.map((holder) => workLeases.acquire(names, holder, 60_000)));
      expect(got.flat().sort()).toEqual([...names].sort());
      expect(await workLeases.acquire([], newId("p"), 60_000)).toEqual([]);
      for (const holder of holders) await workLeases.release(holder);
    });
  });

  test("replicas are known by their last sign, until they leave or are forgotten", async () => {
    const { replicas } = database.storage;
    const facts = { host: "h", version: "1", config_version: 3, spool_backlog_bytes: 0, allowances: "ok" };
    const [first, second] = [newId("p"), newId("p")];
    await replicas.beat({ ...facts, id: second, started_at: 2 });
    await replicas.beat({ ...facts, id: first, started_at: 1 });
    await replicas.beat({ ...facts, id: first, started_at: 1, config_version: 4 });
    const own = async () => (await replicas.all()).filter(({ id }) => id === first || id === second);
    const rows = await own();
    expect(rows).toMatchObject([
      { ...facts, id: first, config_version: 4 },
      { ...facts, id: second },
    ]);
    for (const { seen_at, seenAgoMs } of rows) {
      expect(Math.abs(Date.now() - seen_at)).toBeLessThan(60_000);
      expect(seenAgoMs).toBeGreaterThanOrEqual(-1);
      expect(seenAgoMs).toBeLessThan(10_000);
    }
    await replicas.deleteUnseen(60_000);
    await replicas.delete(first);
    expect((await own()).map(({ id }) => id)).toEqual([second]);
    await eventually(async () => {
      await replicas.deleteUnseen(1);
      return (await own()).length === 0;
    });
  });

  describe("the configuration's versions", () => {
    test("say what they changed, in order, as far as that is known", async () => {
      const { storage } = database;
      const before = await storage.meta.configVersion();
      expect(await storage.meta.changesSince(before)).toBeNull();
      await storage.meta.bumpConfigVersion({ part: "routing" });
      await storage.transaction(async ({ meta }) => {
        await meta.bumpConfigVersion({ part: "key", id: "key_1" });
        await meta.bumpConfigVersion();
      });
      expect(await storage.meta.changesSince(before)).toEqual({
        version: before + 3,
        changes: [{ part: "routing" }, { part: "key", id: "key_1" }, { part: "all" }],
      });
      expect((await storage.meta.changesSince(before + 2))?.changes).toEqual([{ part: "all" }]);
      // One that an older version of the program made, which said nothing.
      await storage.meta.set("config_version", String(before + 4));
      await storage.meta.bumpConfigVersion({ part: "routing" });
      expect(await storage.meta.changesSince(before)).toBeNull();
      expect(await storage.meta.changesSince(before + 4)).not.toBeNull();
    });

    test("that were taken back with their transaction say nothing", async () => {
      const { storage } = database;
      const before = await storage.meta.configVersion();
      const failed = storage.transaction(async ({ meta }) => {
        await meta.bumpConfigVersion({ part: "key", id: "key_taken_back" });
        throw new Error("on purpose");
      });
      await expect(failed).rejects.toThrow("on purpose");
      await storage.meta.bumpConfigVersion({ part: "routing" });
      expect((await storage.meta.changesSince(before))?.changes).toEqual([{ part: "routing" }]);
    });
  });

  test("a value is claimed by one of several processes, and by another one when the first takes it back", async () => {
    const other = await openStorage(database.location);
    try {
      const { storage } = database;
      const key = newId("run");
      const claims = [storage, other, storage, other].map((each, index) => each.meta.claim(key, String(index)));
      const claimed = await Promise.all(claims);
      expect(claimed.filter((isMine) => isMine)).toHaveLength(1);
      expect(await storage.meta.get(key)).toBe(String(claimed.indexOf(true)));
      const second = newId("run");
      let [claimedIt, release] = [() => {}, () => {}];
      const isClaimed = new Promise<void>((resolve) => {
        claimedIt = resolve;
      });
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const failing = storage.transaction(async ({ meta }) => {
        expect(await meta.claim(second, "first")).toBe(true);
        claimedIt();
        await held;
        throw new Error("on purpose");
      });
      failing.catch(() => claimedIt());
      await isClaimed;
      const waiting = other.transaction(({ meta }) => meta.claim(second, "second"));
      setTimeout(release, 50);
      await expect(failing).rejects.toThrow("on purpose");
      expect(await waiting).toBe(true);
      expect(await storage.meta.get(second)).toBe("second");
    } finally {
      await other.close();
    }
  });

  test("whoever locks a value waits for the one who has locked it before", async () => {
    const { storage } = database;
    const key = newId("run");
    const seen: string[] = [];
    const add = (name: string) =>
      storage.transaction(async ({ meta }) => {
        const value = await meta.lock(key);
        seen.push(value);
        await meta.set(key, `${value}${name}`);
      });
    await Promise.all(["a", "a", "a", "a"].map(add));
    expect(seen).toEqual(["", "a", "aa", "aaa"]);
  });
}
