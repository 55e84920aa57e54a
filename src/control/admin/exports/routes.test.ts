// Exports over HTTP: what is in a file, who may have it, and that it can be left alone, given up and removed.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { eventually } from "../../../../test/support/headgate.ts";
import { settledAttempt } from "../../../../test/support/ledger-records.ts";
import { type Person, person } from "../../../../test/support/people.ts";
import { refuseAudit } from "../../../../test/support/refuse-audit.ts";
import { exportRow } from "../../../storage/exports.contract.ts";

let api: AdminApiUnderTest;
let ada: Person;
let member: Person;
let other: Person;
let auditor: Person;
const dayMs = 86_400_000;
const noon = Math.floor(Date.now() / dayMs) * dayMs - 3 * dayMs + dayMs / 2;

beforeAll(async () => {
  api = await startAdminApi();
  ada = await person(api, "administrator", "Ada");
  member = await person(api, "member", "=Mem");
  other = await person(api, "member", "Other");
  auditor = await person(api, "auditor", "Aud");
  const attempts = Array.from({ length: 1201 }, (_, index) =>
    settledAttempt({ startedAtMs: noon + index * 10, userId: other.id, model: index % 2 === 0 ? "gpt-4o" : "=cmd|x" }),
  );
  const own = Array.from({ length: 3 }, (_, index) => settledAttempt({ startedAtMs: noon + index, userId: member.id }));
  await api.storage.ledger.ingest([...attempts, ...own]);
});
afterAll(() => api.close());

type Call = Person["call"];

async function finished(call: Call, id: string) {
  return eventually(async () => {
    const { body } = await call("GET", `/exports/${id}`);
    return ["done", "failed", "cancelled"].includes(body.status) ? body : null;
  });
}

async function exported(call: Call, body: object) {
  const made = await call("POST", "/exports", body);
  expect(made.status).toBe(202);
  const view = await finished(call, made.body.id);
  expect(view).toMatchObject({ status: "done", error: null, progress: 1 });
  return { view, file: await call("GET", `/exports/${made.body.id}/file`) };
}

const lines = (text: string) => text.trimEnd().split("\r\n");

describe("a file", () => {
  it("of requests has every one of them, newest first, however many pages that takes", async () => {
    const { view, file } = await exported(ada.call, { kind: "requests", format: "json", query: { from: "2020-01-01" } });
    expect(view).toMatchObject({ kind: "requests", format: "json", rows: 1204, query: { from: "2020-01-01T00:00:00.000Z" } });
    expect(view.query.to).toBe(view.created_at);
    expect(Date.parse(view.expires_at) - Date.parse(view.finished_at)).toBe(dayMs);
    expect(view.created_by).toEqual({ kind: "user", id: ada.id, name: "Ada" });
    expect(file.headers.get("content-type")).toMatch(/^application\/json/);
    expect(file.headers.get("content-disposition")).toMatch(/^attachment; filename="headgate-requests-[\d-]+\.json"$/);
    expect(Number(file.headers.get("content-length"))).toBe(view.bytes);
    expect(new Set(file.body.map(({ id }: { id: string }) => id)).size).toBe(1204);
    const times = file.body.map((each: { started_at: string }) => each.started_at);
    expect(times).toEqual(times.toSorted().reverse());
    const listed = (await ada.call("GET", "/requests?limit=3")).body.data;
    for (const request of listed) delete request.bodies_kept;
    expect(file.body.slice(0, 3)).toMatchObject(listed);
  });

  it("in CSV has the same, and nothing that a spreadsheet would run", async () => {
    const { view, file } = await exported(ada.call, { kind: "requests", query: { model: "=cmd|x" } });
    expect(file.headers.get("content-type")).toMatch(/^text\/csv/);
    const [head, ...rows] = lines(file.text) as [string, ...string[]];
    expect(head).toMatch(/^id,started_at,/);
    expect([rows.length, view.rows]).toEqual([600, 600]);
    expect(file.text).not.toMatch(/(^|,)=/m);
    expect(rows.every((row) => row.includes(",'=cmd|x,"))).toBe(true);
  });

  it("of usage is what the report says, in buckets too, over any range", async () => {
    const filters = { from: new Date(noon - 90 * dayMs).toISOString(), group_by: "user,model", bucket: "hour" };
    const { file } = await exported(ada.call, { kind: "usage", format: "json", query: filters });
    const report = await ada.call("GET", `/usage?${new URLSearchParams(filters)}`);
    expect(file.body.length).toBeGreaterThan(2);
    expect(file.body).toEqual(report.body.data);
    const { file: csv } = await exported(ada.call, { kind: "usage", query: filters });
    expect(lines(csv.text)[0]).toMatch(/^bucket,user,user_name,model,requests,/);
    expect(lines(csv.text)).toHaveLength(report.body.data.length + 1);
    expect(csv.text).toContain(",'=Mem,");
    const { file: sums } = await exported(ada.call, { kind: "usage", format: "json", query: { from: filters.from } });
    expect(sums.body).toMatchObject([{ requests: 1204 }]);
  });

  it("of the audit log is what the log's own export says", async () => {
    const filters = { action: "key.create" };
    const { file } = await exported(auditor.call, { kind: "audit", format: "json", query: filters });
    expect(file.body.length).toBeGreaterThan(3);
    expect(file.body).toEqual((await auditor.call("GET", "/audit/export?format=json&action=key.create")).body);
    const { file: csv } = await exported(auditor.call, { kind: "audit", query: filters });
    expect(csv.text).toBe((await auditor.call("GET", "/audit/export?format=csv&action=key.create")).text);
  });

  it("that nothing is in is empty, not missing", async () => {
    const { file } = await exported(ada.call, { kind: "requests", format: "json", query: { model: "nobody's" } });
    expect(file.body).toEqual([]);
  });

  it("is for the owner of the data directory alone", async () => {
    const { view } = await exported(member.call, { kind: "requests" });
    const folder = join(api.dataDir, "exports");
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, view.id)).mode & 0o777).toBe(0o600);
  });
});

describe("who", () => {
  it("a member's file has their own requests alone, and no endpoints", async () => {
    const { file } = await exported(member.call, { kind: "requests", format: "json" });
    expect(file.body).toHaveLength(3);
    for (const each of file.body) expect(each).toMatchObject({ user: member.id, endpoint: null });
    const { file: usage } = await exported(member.call, { kind: "usage", format: "json", query: { from: "2020-01-01" } });
    expect(usage.body).toMatchObject([{ requests: 3 }]);
  });

  it("what one may not read, one may not export", async () => {
    for (const [call, body] of [
      [member.call, { kind: "audit" }],
      [member.call, { kind: "requests", query: { endpoint: "openai" } }],
      [member.call, { kind: "usage", query: { group_by: "endpoint" } }],
    ] as const) {
      const answer = await call("POST", "/exports", body);
      expect([answer.status, answer.body.error.code]).toEqual([403, "not_allowed"]);
    }
  });

  it("an export is seen, fetched and removed by who made it and by administrators", async () => {
    const { view } = await exported(member.call, { kind: "requests" });
    for (const { call } of [other, auditor]) {
      for (const [method, path] of [
        ["GET", ""],
        ["GET", "/file"],
        ["DELETE", ""],
      ] as const) {
        expect((await call(method, `/exports/${view.id}${path}`)).status).toBe(404);
      }
      expect((await call("GET", "/exports")).body.data.map(({ id }: { id: string }) => id)).not.toContain(view.id);
    }
    for (const { call } of [member, ada]) {
      expect((await call("GET", "/exports")).body.data.map(({ id }: { id: string }) => id)).toContain(view.id);
      expect((await call("GET", `/exports/${view.id}/file`)).status).toBe(200);
    }
    expect((await member.call("DELETE", `/exports/${view.id}`)).status).toBe(204);
    expect((await ada.call("GET", `/exports/${view.id}`)).status).toBe(404);
    expect(readdirSync(join(api.dataDir, "exports"))).not.toContain(view.id);
  });

  it("a file that holds more than one may read by now is not given out", async () => {
    const falling = await person(api, "operator", "Falling");
    const group = (await api.call("POST", "/groups", { name: "managed" })).body.id;
    const manager = await person(api, "group_manager", "Manager");
    await api.call("PUT", `/groups/${group}/members/${manager.id}`);
    const { view: wide } = await exported(falling.call, { kind: "requests" });
    const { view: managed } = await exported(manager.call, { kind: "usage" });
    await api.storage.users.update(falling.id, { role: "member" });
    await api.call("DELETE", `/groups/${group}/members/${manager.id}`);
    for (const [{ call }, { id }] of [
      [falling, wide],
      [manager, managed],
    ] as const) {
      const answer = await call("GET", `/exports/${id}/file`);
      expect([answer.status, answer.body.error.code]).toEqual([403, "not_allowed"]);
      expect((await call("GET", `/exports/${id}`)).body.status).toBe("done");
      expect((await ada.call("GET", `/exports/${id}/file`)).status).toBe(200);
    }
  });
});

it("making and removing one is in the log of changes, with what was asked for", async () => {
  const { view } = await exported(member.call, { kind: "requests", query: { model: "gpt-4o" } });
  await ada.call("DELETE", `/exports/${view.id}`);
  const { data } = (await ada.call("GET", `/audit?resource_id=${view.id}`)).body;
  expect(data.map((entry: { action: string; actor: { id: string } }) => [entry.action, entry.actor.id])).toEqual([
    ["export.delete", ada.id],
    ["export.create", member.id],
  ]);
  expect(data[1].after).toMatchObject({ kind: "requests", query: { model: "gpt-4o" } });
});

it("what can't be logged does not happen", async () => {
  const { view } = await exported(member.call, { kind: "requests" });
  const before = readdirSync(join(api.dataDir, "exports")).sort();
  const accept = refuseAudit(api.dataDir);
  try {
    expect((await member.call("POST", "/exports", { kind: "requests" })).status).toBe(500);
    expect((await member.call("DELETE", `/exports/${view.id}`)).status).toBe(500);
  } finally {
    accept();
  }
  expect((await member.call("GET", `/exports/${view.id}/file`)).status).toBe(200);
  expect(readdirSync(join(api.dataDir, "exports")).sort()).toEqual(before);
});

it("what is cancelled is over and has no file; what has expired is not there", async () => {
  const own = { user_id: member.id, scope: JSON.stringify({ reach: "own", userId: member.id, groupIds: [], endpoints: false }) };
  const [cancelled, expired] = [exportRow(own), exportRow({ ...own, status: "done", expires_at: 1 })];
  for (const row of [cancelled, expired]) await api.storage.exports.insert(row);
  expect((await member.call("GET", `/exports/${cancelled.id}/file`)).body.error.message).toMatch(/waits for its turn/);
  expect((await member.call("DELETE", `/exports/${cancelled.id}`)).status).toBe(204);
  expect((await member.call("GET", `/exports/${cancelled.id}`)).body).toMatchObject({ status: "cancelled", bytes: 0 });
  expect((await member.call("GET", `/exports/${cancelled.id}/file`)).status).toBe(404);
  expect((await ada.call("GET", `/exports/${expired.id}`)).status).toBe(404);
});

it.each([
  [{ kind: "everything" }, "kind"],
  [{ kind: "requests", format: "xlsx" }, "format"],
  [{ kind: "requests", query: { from: "yesterday" } }, "query.from"],
  [{ kind: "requests", query: { limit: "3" } }, "query.limit"],
  [{ kind: "usage", query: { from: "2026-01-02", to: "2026-01-01" } }, "from"],
])("%j is refused, by name of the field", async (body, field) => {
  const answer = await ada.call("POST", "/exports", body);
  expect([answer.status, answer.body.error.code, answer.body.error.field]).toEqual([422, "invalid_field", field]);
});
