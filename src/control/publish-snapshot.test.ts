// What reaches the data plane: every committed change, in whatever order changes are announced, and no older copy where somebody lost something.
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../test/support/database.ts";
import { createFakeClock } from "../../test/support/fake-clock.ts";
import { testPriceBook } from "../../test/support/price-book.ts";
import { Cipher } from "../core/cipher.ts";
import { newApiKey } from "../domain/api-key.ts";
import type { ConfigChange } from "../domain/config-change.ts";
import type { SnapshotContent, SnapshotPatch } from "../domain/snapshot.ts";
import { defaultTimeouts } from "../domain/timeouts.ts";
import { StorageUnavailable } from "../storage/ports/errors.ts";
import type { KeyRow } from "../storage/ports/keys.ts";
import type { MetaRepository } from "../storage/ports/meta.ts";
import { newKeyRow } from "./new-key-row.ts";
import { Publisher } from "./publish-snapshot.ts";

let database: TestDatabase;
let publisher: Publisher;
/** The keys that the data plane would let in. */
let keys: Set<string>;
let parts: string[];
let forgotten: number;
let failsToForget: boolean;
let failsToPrepare: boolean;
/** How often it was told that something was published. */
let followed: number;
/** What was told of before it was applied, with how much had been applied by then. */
let prepared: [part: string, applied: number][];
/** Runs once, before a publication looks at the database. */
let meanwhile: (() => Promise<void>) | null;

beforeEach(async () => {
  database = await testDatabase("sqlite");
  meanwhile = null;
  failsToPrepare = false;
  prepared = [];
  const { storage } = database;
  const meta: MetaRepository = {
    ...storage.meta,
    async configVersion() {
      const work = meanwhile;
      meanwhile = null;
      await work?.();
      return storage.meta.configVersion();
    },
  };
  [keys, parts, forgotten, failsToForget, followed] = [new Set(), [], 0, false, 0];
  publisher = new Publisher({
    storage: { ...storage, meta },
    cipher: new Cipher("a secret key for tests, 32 characters"),
    timeouts: defaultTimeouts,
    prices: testPriceBook(),
    clock: createFakeClock(),
    beforeApply: async (part) => {
      if (failsToPrepare) throw new StorageUnavailable("on purpose");
      prepared.push(["part" in part ? part.part : "all", parts.length]);
    },
    target: {
      replace(content: SnapshotContent) {
        parts.push("all");
        keys = new Set(content.keys.map(({ id }) => id));
      },
      apply(patch: SnapshotPatch) {
        parts.push(patch.part);
        if (patch.part !== "key") return;
        if (patch.key === null) keys.delete(patch.id);
        else keys.add(patch.id);
      },
    },
    onFollowed: () => {
      followed++;
    },
    forgetOlder: async () => {
      if (failsToForget) throw new Error("on purpose");
      forgotten++;
    },
  });
  await publisher.publishAll();
  parts = [];
});
afterEach(() => database.remove());

async function addKey(): Promise<KeyRow> {
  const row = newKeyRow({ name: "k", ...newApiKey(), scopes: ["inference"], origin: "admin", nowMs: 1 });
  await database.storage.transaction(async ({ keys: rows, meta }) => {
    await rows.insert(row);
    await meta.bumpConfigVersion({ part: "key", id: row.id });
  });
  return row;
}

function revoke({ id }: KeyRow): Promise<void> {
  return database.storage.transaction(async ({ keys: rows, meta }) => {
    await rows.update(id, { deleted_at: 2 });
    await meta.bumpConfigVersion({ part: "key", id });
  });
}

const bump = (what?: ConfigChange) => database.storage.transaction(({ meta }) => meta.bumpConfigVersion(what));
const groups = { part: "users" as const, userIds: [], groupsChanged: true, mayShutOut: false };

test("a key that was revoked elsewhere is shut out, whatever else has changed, without reading everything", async () => {
  const key = await addKey();
  await publisher.changed();
  expect(keys).toEqual(new Set([key.id]));
  await revoke(key);
  await bump({ ...groups, userIds: [] });
  await Promise.all([publisher.changed(), publisher.catchUp()]);
  expect(keys).toEqual(new Set());
  expect(forgotten).toBe(1);
  expect(publisher.reloads).toBe(1);
});

test("what is committed while everything is read comes with it or after it", async () => {
  const key = await addKey();
  await publisher.changed();
  const committed = await addKey();
  const published = publisher.publishAll();
  // By another process: nobody here announces it.
  meanwhile = () => revoke(key);
  await Promise.all([published, publisher.changed()]);
  await publisher.catchUp();
  expect(keys).toEqual(new Set([committed.id]));
});

test("changes that come together are patches, each thing once", async () => {
  await addKey();
  await publisher.changed();
  expect(parts.splice(0)).toEqual(["key"]);
  const [first] = await Promise.all([addKey(), addKey(), bump({ part: "routing" }), bump({ part: "routing" }), bump(groups)]);
  await bump({ part: "key", id: first.id });
  await Promise.all([publisher.changed(), publisher.changed(), publisher.catchUp()]);
  expect(parts.sort()).toEqual(["key", "key", "routing", "users"]);
  expect(keys.size).toBe(3);
});

test("everything is read where nobody says what has changed, or too much has, or a user is gone", async () => {
  const touched: unknown[] = [];
  const follow = async () => touched.push(await publisher.catchUp());
  await bump();
  await follow();
  for (let index = 0; index < 400; index++) await bump({ part: "routing" });
  await follow();
  await bump({ part: "users", userIds: ["usr_gone"], groupsChanged: false, mayShutOut: true });
  await follow();
  for (let index = 0; index < 101; index++) await bump({ part: "key", id: `key_${index}` });
  await follow();
  await database.storage.meta.set("config_version", "3");
  await follow();
  expect(touched).toEqual(["all", "all", "all", "all", "all"]);
  expect(parts).toEqual(["all", "all", "all", "all", "all"]);
  await follow();
  expect(touched.at(-1)).toBeNull();
});

test("the copy on disk outlives what adds, and goes before a change is answered that shuts somebody out", async () => {
  const key = await addKey();
  await publisher.changed();
  await bump(groups);
  await bump({ part: "routing" });
  await publisher.changed();
  await bump();
  await publisher.changed();
  expect(forgotten).toBe(0);

  await bump({ ...groups, mayShutOut: true });
  await publisher.changed();
  expect(forgotten).toBe(1);
  // The revocation is published with the other change, by whoever comes first.
  await revoke(key);
  await bump();
  await Promise.all([publisher.changed(), publisher.changed()]);
  expect([forgotten, keys.size]).toEqual([2, 0]);
});

test("a copy that could not be removed is removed before the next change is answered", async () => {
  const key = await addKey();
  await publisher.changed();
  await revoke(key);
  failsToForget = true;
  const before = followed;
  await expect(publisher.changed()).rejects.toThrow("on purpose");
  // Published it is all the same, and never told of again.
  expect([keys, followed]).toEqual([new Set(), before + 1]);
  failsToForget = false;
  await publisher.changed();
  expect([forgotten, followed]).toEqual([1, before + 1]);
});

test("nothing is applied before what has to be ready for it is, and nothing at all when that fails", async () => {
  expect(prepared).toEqual([["all", 0]]);
  const first = await addKey();
  await publisher.changed();
  expect([prepared.at(-1), parts]).toEqual([["key", 0], ["key"]]);
  failsToPrepare = true;
  const second = await addKey();
  await expect(publisher.changed()).rejects.toThrow(StorageUnavailable);
  expect(keys).toEqual(new Set([first.id]));
  failsToPrepare = false;
  await publisher.catchUp();
  expect(keys).toEqual(new Set([first.id, second.id]));
});
