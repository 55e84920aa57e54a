// The last backup in GET /system: none, a good one, a failed one, and what is known of it while the database is away.
import { afterEach, beforeEach, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi, systemOfTests } from "../../../../test/support/admin-api.ts";
import type { SystemState } from "../../../api/system.ts";
import { recordBackup } from "../../last-backup.ts";

let api: AdminApiUnderTest;
let state: SystemState;
beforeEach(async () => {
  state = systemOfTests;
  api = await startAdminApi({ system: () => state });
});
afterEach(() => api.close());

const shown = async () => {
  const answer = await api.call("GET", "/system");
  expect(answer.status).toBe(200);
  return answer.body.backup;
};
const good = { atMs: Date.UTC(2026, 10, 20), file: "/backups/a.db", bytes: 4096, durationMs: 12, error: null };

it("is null when there was none, then the last run, good or bad", async () => {
  expect(await shown()).toBeNull();
  await recordBackup(api.storage.meta, good);
  const view = {
    last_at: "2026-11-20T00:00:00.000Z",
    file: "/backups/a.db",
    bytes: 4096,
    duration_ms: 12,
    ok: true,
    error: null,
  };
  expect(await shown()).toEqual(view);
  await recordBackup(api.storage.meta, { ...good, bytes: 0, error: "the disk is full" });
  expect(await shown()).toEqual({ ...view, bytes: 0, ok: false, error: "the disk is full" });
});

it("stays what was seen last while the database is away, whether that is known yet or not", async () => {
  await recordBackup(api.storage.meta, good);
  const before = await shown();
  api.setDatabase(false);
  expect(await shown()).toEqual(before);
  state = { ...systemOfTests, database: { ...systemOfTests.database, state: "unavailable" } };
  expect(await shown()).toEqual(before);
});
