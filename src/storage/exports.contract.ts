// What the repository of exports does, for every engine.
import { describe, expect, test } from "vitest";
import { settledAttempt } from "../../test/support/ledger-records.ts";
import { newId } from "../core/ids.ts";
import type { ExportRow } from "./ports/exports.ts";
import { allPages, userRow } from "./rows.contract.ts";
import type { ContractDatabase } from "./storage.contract.ts";

const now = 1_800_000_000_000;

export function exportRow(changes: Partial<ExportRow> = {}): ExportRow {
  return {
    id: newId("exp"),
    kind: "requests",
    format: "csv",
    query: "{}",
    scope: '{"reach":"all","userId":null,"groupIds":[],"knownGroupIds":null,"endpoints":true}',
    user_id: null,
    actor_kind: "token",
    actor_id: null,
    actor_name: "HEADGATE_ADMIN_TOKEN",
    status: "waiting",
    rows: 0,
    progress: null,
    bytes: 0,
    error: null,
    created_at: now,
    finished_at: null,
    expires_at: null,
    ...changes,
  };
}

export function exportsContract(database: ContractDatabase): void {
  describe("exports", () => {
    test("are listed newest first, of one user or of all, without those that have expired, each once", async () => {
      const { users, exports } = database.storage;
      const user = userRow();
      await users.insert(user);
      const own = Array.from({ length: 5 }, (_, index) => exportRow({ user_id: user.id, created_at: now + (index >> 1) }));
      const expired = exportRow({ user_id: user.id, status: "done", expires_at: now + 1 });
      const foreign = exportRow({ expires_at: now + 2 });
      for (const row of [...own, expired, foreign]) await exports.insert(row);
      const pages = await allPages((request) => exports.page({ userId: user.id, nowMs: now + 1 }, request), 2);
      expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
      const newestFirst = own.toSorted((a, b) => b.created_at - a.created_at || (a.id < b.id ? 1 : -1));
      expect(pages.flat()).toEqual(newestFirst);
      const all = (await exports.page({ nowMs: now + 1 }, { limit: 1000 })).rows.map(({ id }) => id);
      expect(all).toEqual(expect.arrayContaining([...own.map(({ id }) => id), foreign.id]));
      expect(all).not.toContain(expired.id);
      const oldestFirst = [...own, expired].toSorted((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
      expect(await exports.ofUser(user.id)).toEqual(oldestFirst);
      const ofNobody = (await exports.ofUser(null)).map(({ id }) => id);
      expect(ofNobody).toContain(foreign.id);
      expect(ofNobody).not.toContain(expired.id);
      expect((await exports.all()).map(({ id }) => id)).toEqual(expect.arrayContaining([expired.id, foreign.id]));
      await users.delete(user.id);
      expect(await exports.ofUser(user.id)).toEqual([]);
    });

    test("come further until they have finished, and not after", async () => {
      const { exports } = database.storage;
      const row = exportRow();
      await exports.insert(row);
      expect(await exports.update(row.id, { status: "running", rows: 7, progress: 500 })).toBe(true);
      expect(await exports.update(row.id, { status: "done", bytes: 12, finished_at: now, expires_at: now + 5 })).toBe(true);
      expect(await exports.update(row.id, { status: "failed" })).toBe(false);
      expect(await exports.get(row.id)).toEqual({
        ...row,
        status: "done",
        rows: 7,
        progress: 500,
        bytes: 12,
        finished_at: now,
        expires_at: now + 5,
      });
      expect([await exports.delete(row.id), await exports.delete(row.id), await exports.get(row.id)]).toEqual([
        true,
        false,
        null,
      ]);
    });

    test("keep the parts of their files until they are taken away, or go with their export", async () => {
      const { exports } = database.storage;
      const row = exportRow();
      await exports.insert(row);
      for (const [position, content] of ["Zmlyc3Q=", "c2Vjb25k"].entries())
        await exports.addPart({ export_id: row.id, position, content });
      expect([await exports.part(row.id, 0), await exports.part(row.id, 1), await exports.part(row.id, 2)]).toEqual([
        "Zmlyc3Q=",
        "c2Vjb25k",
        null,
      ]);
      await exports.deleteParts(row.id);
      expect(await exports.part(row.id, 0)).toBeNull();
      await exports.addPart({ export_id: row.id, position: 0, content: "" });
      await exports.delete(row.id);
      expect(await exports.part(row.id, 0)).toBeNull();
    });
  });

  test("the oldest attempt and the oldest entry of the audit log are known", async () => {
    const { ledger, audit } = database.storage;
    // A day of its own: others expect to find their hours empty.
    const oldestMs = 300 * 86_400_000;
    await ledger.ingest([settledAttempt({ startedAtMs: oldestMs }), settledAttempt({ startedAtMs: oldestMs + 4000 })]);
    expect(await ledger.oldestMs()).toBeLessThanOrEqual(oldestMs);
    const span = await ledger.usageSpan();
    expect(span?.fromMs).toBeLessThanOrEqual(oldestMs);
    expect(span?.toMs).toBeGreaterThanOrEqual(oldestMs + 3_600_000);
    const actor = { actor_kind: "user", actor_id: "usr_1", actor_name: "Ada", address: null, request_id: null };
    const change = {
      action: "key.create",
      resource_kind: "key",
      resource_id: null,
      resource_name: null,
      before: null,
      after: null,
    };
    await audit.insert({ id: newId("aud"), at: 4000, ...actor, ...change });
    expect(await audit.oldestMs()).toBeLessThanOrEqual(4000);
  });
}
