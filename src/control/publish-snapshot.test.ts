// What reaches the data plane: every committed change, in whatever order changes are announced, and no older copy where somebody lost something.
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../test/support/database.ts";
import { createFakeClock } from "../../test/support/fake-clock.ts";
import { Cipher } from "../core/cipher.ts";
import { newApiKey } from "../domain/api-key.ts";
import type { SnapshotContent, SnapshotPatch } from "../domain/snapshot.ts";
import { defaultTimeouts } from "../domain/timeouts.ts";
import type { KeyRow, MetaRepository, Storage } from "../storage/port.ts";
import { newKeyRow } from "./new-key-row.ts";
import { Publisher } from "./publish-snapshot.ts";

let database: TestDatabase;
let publisher: Publisher;
/** The keys that the data plane would let in. */
let keys: Set<string>;
let parts: string[];
let forgotten: number;
/** Runs once, before a publication looks at the database. */
let meanwhile: (() => Promise<void>) | null;

beforeEach(async () => {
  database = await testDatabase("sqlite");
  meanwhile = null;
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
  [keys, parts, forgotten] = [new Set(), [], 0];
  publisher = new Publisher({
    storage: { keys: storage.keys, meta, transaction: storage.transaction.bind(storage) } as Storage,
    cipher: new Cipher("a secret key for tests, 32 characters"),
    timeouts: defaultTimeouts,
    clock: createFakeClock(),
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
    forgetOlder: async () => void forgotten++,
  });
  await publisher.publishAll();
  parts = [];
});
afterEach(() => database.remove());

async function addKey(): Promise<KeyRow> {
  const row = newKeyRow({ name: "k", ...newApiKey(), scopes: ["inference"], origin: "admin", nowMs: 1 });
  await database.storage.transaction(async ({ keys: rows, meta }) => {
    await rows.insert(row);
    await meta.bumpConfigVersion();
  });
  return row;
}

function revoke({ id }: KeyRow): Promise<void> {
  return database.storage.transaction(async ({ keys: rows, meta }) => {
    await rows.update(id, { deleted_at: 2 });
    await meta.bumpConfigVersion();
  });
}

const nobody = { userIds: [], groupsChanged: true, mayShutOut: false };

test("a revoked key is shut out, also when an announcement of something else takes the version of its revocation", async () => {
  const key = await addKey();
  await publisher.keyChanged(key.id);
  expect(keys).toEqual(new Set([key.id]));
  await revoke(key);
  // A write that changed nothing, and one whose commit an earlier publication has brought already, are announced too.
  await Promise.all([publisher.peopleChanged(nobody), publisher.keyChanged(key.id)]);
  expect(keys).toEqual(new Set());
  expect(forgotten).toBe(1);
});

test("an announcement that waited for a whole publication does not pass a later commit off as its own", async () => {
  const key = await addKey();
  await publisher.keyChanged(key.id);
  const committed = await addKey();
  const published = publisher.publishAll();
  const late = publisher.keyChanged(committed.id);
  // By another process: nobody here announces it.
  meanwhile = () => revoke(key);
  await Promise.all([published, late]);
  await publisher.catchUp();
  expect(keys).toEqual(new Set([committed.id]));
});

test("one change is a patch; of changes that come together, the first publishes all of them once", async () => {
  const key = await addKey();
  await publisher.keyChanged(key.id);
  expect(parts.splice(0)).toEqual(["key"]);
  const added = await Promise.all([addKey(), addKey(), addKey()]);
  await Promise.all([...added.map(({ id }) => publisher.keyChanged(id)), publisher.routingChanged()]);
  expect(parts).toEqual(["all"]);
  expect(keys.size).toBe(4);
});

test("the copy on disk outlives what adds, and goes before a change is answered that shuts somebody out", async () => {
  const bump = () => database.storage.transaction(({ meta }) => meta.bumpConfigVersion());
  const key = await addKey();
  await publisher.keyChanged(key.id);
  await bump();
  await publisher.peopleChanged(nobody);
  await bump();
  await publisher.routingChanged();
  expect(forgotten).toBe(0);

  await bump();
  await publisher.peopleChanged({ ...nobody, mayShutOut: true });
  expect(forgotten).toBe(1);
  // The revocation is published with the other change, by whoever comes first.
  await revoke(key);
  await bump();
  await Promise.all([publisher.routingChanged(), publisher.keyChanged(key.id)]);
  expect([forgotten, keys.size]).toEqual([2, 0]);
});
