// Deleting a user beside somebody who edits one of their keys: both go through, one after the other.
import { expect, test } from "vitest";
import { testDatabase } from "../../../../test/support/database.ts";
import { eventually } from "../../../../test/support/eventually.ts";
import { newApiKey } from "../../../domain/api-key.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { newKeyRow } from "../../new-key-row.ts";
import type { Asker } from "../authorize/asker.ts";
import { createUser, deleteUser } from "./change-user.ts";

const nobodyElse = { userId: null, groupIds: [], sessionId: null, address: null };
const asker: Asker = {
  actor: { kind: "token", id: null, name: "test", role: "administrator", ...nobodyElse },
  requestId: "req_1",
};

test("neither is turned away for having waited for the other", async () => {
  const { storage, remove } = await testDatabase("postgres");
  try {
    const { id } = await storage.transaction((tx) => createUser(tx, asker, { name: "Ada", email: "ada@example.test" }, 1));
    for (const name of ["one", "two"]) {
      const row = newKeyRow({ name, ...newApiKey(), scopes: ["inference"], origin: "admin", nowMs: 1 });
      await storage.keys.insert({ ...row, user_id: id });
    }
    const last = (await storage.keys.ofUser(id)).at(-1)?.id as string;
    let [reached, isThere] = [() => {}, false];
    const isWaiting = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const editing = storage.transaction(async (tx) => {
      await tx.keys.update(last, { name: "renamed" });
      isThere = true;
      await isWaiting;
      await tx.meta.bumpConfigVersion({ part: "key", id: last });
    });
    await eventually(() => isThere);
    const deleting = storage.transaction((tx) => {
      const update: Repositories["keys"]["update"] = (keyId, ...rest) => {
        const updated = tx.keys.update(keyId, ...rest);
        // It is sent, and waits for the one that edits.
        if (keyId === last) setTimeout(reached, 200);
        return updated;
      };
      return deleteUser({ ...tx, keys: { ...tx.keys, update } }, asker, id, undefined, 2);
    });
    await Promise.all([editing, deleting]);
    expect(await storage.users.get(id)).toBeNull();
    expect(await storage.keys.ofUser(id)).toEqual([]);
  } finally {
    await remove();
  }
});
