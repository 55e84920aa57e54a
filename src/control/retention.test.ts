// What is older than the configuration keeps goes, with all that belongs to it; the rest stays.
import { expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { createFakeClock } from "../../test/support/fake-clock.ts";
import { settledAttempt } from "../../test/support/ledger-records.ts";
import type { RequestBodyRow } from "../storage/ports/request-bodies.ts";
import { requestBodyRow, userRow } from "../storage/rows.contract.ts";
import { startSession } from "./accounts/session.ts";
import { recordChange } from "./audit/record-change.ts";
import { deleteExpired } from "./retention.ts";

test("attempts and the responses they made go together; 0 keeps them for good", async () => {
  const { storage, remove } = await testDatabase("sqlite");
  try {
    const clock = createFakeClock();
    const lines: unknown[] = [];
    const log = { debug() {}, info: (fields: unknown) => void lines.push(fields), warn() {}, error() {} };
    const at = (ageMs: number, responseId: string) =>
      settledAttempt({ startedAtMs: clock.nowMs() - ageMs, responseId, requestId: `of_${responseId}` });
    await storage.ledger.ingest([at(1001, "resp_old"), at(999, "resp_young")]);
    const options = { storage: () => storage, syncRunsMs: 0, auditMs: 0, clock, log };

    await deleteExpired({ ...options, requestsMs: 0 });
    expect(await storage.responses.find("resp_old")).not.toBeNull();
    expect(lines).toEqual([]);

    await deleteExpired({ ...options, requestsMs: 1000 });
    expect(await storage.responses.find("resp_old")).toBeNull();
    expect(await storage.responses.find("resp_young")).not.toBeNull();
    const kept = await storage.ledger.attemptsOf(["of_resp_old", "of_resp_young"]);
    expect(kept.map((row) => row.request_id)).toEqual(["of_resp_young"]);
    expect(lines).toEqual([{ attempts: 1, responses: 1, sync_runs: 0, audit: 0, bodies: 0 }]);
  } finally {
    await remove();
  }
});

test("entries of the audit log go after their own time; 0 keeps them for good", async () => {
  const { storage, remove } = await testDatabase("sqlite");
  try {
    const clock = createFakeClock();
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const entry = (ageMs: number, name: string) =>
      recordChange(storage, {
        actor: { kind: "system", name: "config" },
        requestId: null,
        action: "thing.create",
        resource: { kind: "thing", id: null, name },
        before: null,
        after: {},
        nowMs: clock.nowMs() - ageMs,
      });
    await entry(1001, "old");
    await entry(999, "young");
    const names = async () => (await storage.audit.page({}, { limit: 10 })).rows.map((row) => row.resource_name);
    const options = { storage: () => storage, requestsMs: 0, syncRunsMs: 0, clock, log };
    await deleteExpired({ ...options, auditMs: 0 });
    expect(await names()).toEqual(["young", "old"]);
    await deleteExpired({ ...options, auditMs: 1000 });
    expect(await names()).toEqual(["young"]);
  } finally {
    await remove();
  }
});

test("sessions and one-time links go when they have expired, whatever is kept", async () => {
  const { storage, remove } = await testDatabase("sqlite");
  try {
    const clock = createFakeClock();
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const nowMs = clock.nowMs();
    const links = [nowMs, nowMs + 1].map((expires_at) => {
      return { digest: `until ${expires_at}`, purpose: "setup", user_id: null, created_at: nowMs, expires_at };
    });
    for (const link of links) await storage.oneTimeLinks.insert(link);
    const user = userRow();
    await storage.users.insert(user);
    const source = { address: null, userAgent: undefined };
    const { row: old } = await startSession(storage, user.id, "password", source, nowMs - 25 * 3_600_000);
    const { row: young } = await startSession(storage, user.id, "password", source, nowMs);
    await deleteExpired({ storage: () => storage, requestsMs: 0, syncRunsMs: 0, auditMs: 0, clock, log });
    expect([await storage.sessions.get(old.id), await storage.sessions.get(young.id)]).toEqual([null, young]);
    const left = await Promise.all(links.map(({ digest }) => storage.oneTimeLinks.take(digest, "setup", nowMs - 1)));
    expect(left).toEqual([null, links[1]]);
  } finally {
    await remove();
  }
});

test("bodies of requests go when their own time is over", async () => {
  const { storage, remove } = await testDatabase("sqlite");
  try {
    const clock = createFakeClock();
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const [old, young] = [-1, 1].map((inMs) => requestBodyRow({ expires_at: clock.nowMs() + inMs }));
    await storage.requestBodies.insert([old, young] as RequestBodyRow[]);
    await deleteExpired({ storage: () => storage, requestsMs: 0, syncRunsMs: 0, auditMs: 0, clock, log });
    expect(await storage.requestBodies.after("", 10)).toEqual([young]);
  } finally {
    await remove();
  }
});

test("deleted endpoints go when they can't be restored any more", async () => {
  const { storage, remove } = await testDatabase("sqlite");
  try {
    const clock = createFakeClock();
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    for (const inMs of [0, 1]) {
      const times = { deleted_at: clock.nowMs() - 10, expires_at: clock.nowMs() + inMs };
      await storage.deletedEndpoints.keep({ endpoint_id: `ep_${inMs}`, name: "one", deployments: 0, content: "{}", ...times }, 9);
    }
    await deleteExpired({ storage: () => storage, requestsMs: 0, syncRunsMs: 0, auditMs: 0, clock, log });
    expect(await storage.deletedEndpoints.ids()).toEqual(["ep_1"]);
  } finally {
    await remove();
  }
});
