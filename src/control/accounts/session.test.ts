// A sign-in at the same moment as what is to end all sessions.
import { describe, expect, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { userRow } from "../../storage/rows.contract.ts";
import { holdUser, startSession } from "./session.ts";

describe.each(["sqlite", "postgres"] as const)("on %s", (engine) => {
  test("a session that begins while its user's password is set, or while they are disabled, does not outlive that", async () => {
    const { storage, remove } = await testDatabase(engine);
    try {
      const user = { ...userRow(), password_hash: "old" };
      await storage.users.insert(user);
      const nowMs = 1_800_000_000_000;
      let ending: Promise<unknown> | undefined;
      const { row } = await storage.transaction(async (tx) => {
        expect(await holdUser(tx, user.id, nowMs)).toMatchObject({ password_hash: "old" });
        ending = storage.transaction(async (other) => {
          await other.users.update(user.id, { password_hash: "new" });
          await other.sessions.deleteOfUser(user.id);
        });
        await new Promise((resolve) => setTimeout(resolve, 200));
        return startSession(tx, user.id, "password", { address: null, userAgent: undefined }, nowMs);
      });
      await ending;
      expect(await storage.sessions.get(row.id)).toBeNull();
      expect((await storage.transaction((tx) => holdUser(tx, user.id, nowMs)))?.password_hash).toBe("new");
    } finally {
      await remove();
    }
  });
});
