// The audit log through the admin API: read by filters, page by page, and taken along as a file.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { newId } from "../../../core/ids.ts";
import type { AuditRow } from "../../../storage/ports/audit.ts";

const startMs = Date.parse("2026-01-31T12:00:00Z");
const rowCount = 450; // more than two pages of an export
/** What other tests do is in the log, too. */
const ofRows = "to=2026-02-01";

let api: AdminApiUnderTest;
let rows: AuditRow[];
beforeAll(async () => {
  api = await startAdminApi();
  const hostile = [`=HYPERLINK("http://x")`, "+1", "-1", "@sum", "\t=1", "＝1", 'a "quoted", name', "two\r\nlines", "plain"];
  rows = Array.from({ length: rowCount }, (_, index) => ({
    id: newId("aud"),
    at: startMs + (index >> 1) * 1000,
    actor_kind: "user",
    actor_id: `usr_${index % 2}`,
    actor_name: "Ada",
    address: "192.0.2.1",
    request_id: `req_${index}`,
    action: index % 3 === 0 ? "model.update" : "key.create",
    resource_kind: index % 3 === 0 ? "model" : "key",
    resource_id: `res_${index % 5}`,
    resource_name: hostile[index % hostile.length] ?? null,
    before: index % 3 === 0 ? '{"weight":1}' : null,
    after: `{"weight":${index}}`,
  }));
  await api.storage.transaction(async ({ audit }) => {
    for (const row of rows) await audit.insert(row);
  });
});
afterAll(() => api.close());

const newestFirst = () => rows.toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
const idsIn = (entries: { id: string }[]) => entries.map(({ id }) => id);

it("shows who changed what from what to what, newest first, page by page", async () => {
  const first = (await api.call("GET", `/audit?limit=300&${ofRows}`)).body;
  const second = (await api.call("GET", `/audit?limit=300&${ofRows}&cursor=${first.next_cursor}`)).body;
  expect([...idsIn(first.data), ...idsIn(second.data)]).toEqual(idsIn(newestFirst()));
  expect(second.next_cursor).toBeNull();
  expect(second.data.at(-2)).toEqual({
    id: rows[1]?.id,
    at: "2026-01-31T12:00:00.000Z",
    actor: { kind: "user", id: "usr_1", name: "Ada" },
    address: "192.0.2.1",
    request_id: "req_1",
    action: "key.create",
    resource: { kind: "key", id: "res_1", name: "+1" },
    before: null,
    after: { weight: 1 },
  });
});

it.each<[string, (row: AuditRow) => boolean]>([
  [`${ofRows}&actor_id=usr_1`, ({ actor_id }) => actor_id === "usr_1"],
  [`${ofRows}&action=model.update`, ({ action }) => action === "model.update"],
  [`${ofRows}&action=key`, ({ resource_kind }) => resource_kind === "key"],
  [`${ofRows}&resource_id=res_3`, ({ resource_id }) => resource_id === "res_3"],
  ["from=2026-01-31T12:00:10Z&to=2026-01-31T13:00:20%2B01:00", ({ at }) => at >= startMs + 10_000 && at < startMs + 20_000],
  ["to=2026-01-31", () => false],
  [
    "actor_id=usr_0&action=key.create&resource_id=res_2",
    (row) => ["usr_0", "key.create", "res_2"].every((value) => Object.values(row).includes(value)),
  ],
])("reads, and exports, by %s", async (query, fits) => {
  const expected = idsIn(newestFirst().filter(fits));
  expect(idsIn((await api.call("GET", `/audit?limit=1000&${query}`)).body.data)).toEqual(expected);
  expect(idsIn((await api.call("GET", `/audit/export?format=json&${query}`)).body)).toEqual(expected);
});

it("names the field of a query that is wrong", async () => {
  for (const [query, field] of [
    ["from=yesterday", "from"],
    ["cursor=nonsense", "cursor"],
    ["actor=x", "actor"],
    ["limit=0", "limit"],
  ]) {
    const answer = await api.call("GET", `/audit?${query}`);
    expect([answer.status, answer.body.error.field]).toEqual([422, field]);
  }
  expect((await api.call("GET", "/audit/export?format=xml")).body.error.field).toBe("format");
});

it("is for auditors and administrators alone", async () => {
  for (const [role, status] of [
    ["auditor", 200],
    ["administrator", 200],
    ["operator", 403],
    ["group_manager", 403],
    ["member", 403],
  ] as const) {
    const user = await api.call("POST", "/users", { name: role, email: `${role}@example.test`, role });
    const key = await api.call("POST", "/keys", { name: role, user_id: user.body.id, scopes: ["admin"] });
    for (const path of ["/audit", "/audit/export"]) {
      expect([role, (await api.call("GET", path, undefined, { token: key.body.key })).status]).toEqual([role, status]);
    }
  }
  expect((await api.call("GET", "/audit", undefined, { token: null })).status).toBe(401);
  expect((await api.call("GET", "/audit/export", undefined, { token: null })).status).toBe(401);
});

it("can't be changed", async () => {
  for (const method of ["POST", "PATCH", "DELETE"]) expect((await api.call(method, "/audit")).status).toBe(405);
});

describe("an export", () => {
  it("is all of the list, as a file", async () => {
    const answer = await api.call("GET", `/audit/export?format=json&${ofRows}`);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(answer.headers.get("content-disposition")).toMatch(/^attachment; filename="headgate-audit-\d{4}-\d\d-\d\d\.json"$/);
    expect(answer.body).toEqual((await api.call("GET", `/audit?limit=1000&${ofRows}`)).body.data);
    expect(answer.body).toHaveLength(rowCount);
    expect((await api.call("GET", "/audit/export?format=json&to=2025-01-01")).body).toEqual([]);
  });

  it("is CSV by default, in which no cell is a formula", async () => {
    const answer = await api.call("GET", `/audit/export?${ofRows}`);
    expect(answer.headers.get("content-type")).toMatch(/^text\/csv/);
    expect(answer.headers.get("content-disposition")).toMatch(/\.csv"$/);
    const [head, ...lines] = parseCsv(answer.text);
    expect(head).toEqual(
      "at,actor_kind,actor_id,actor_name,address,action,resource_kind,resource_id,resource_name,before,after,request_id,id".split(
        ",",
      ),
    );
    const ordered = newestFirst();
    expect(lines.map((cells) => cells.at(-1))).toEqual(idsIn(ordered));
    for (const [index, cells] of lines.entries()) {
      const row = ordered[index] as AuditRow;
      const name = row.resource_name ?? "";
      expect(cells[8]).toBe(/^[=+\-@＝\t]/.test(name) ? `'${name}` : name);
      expect(cells.slice(9, 11)).toEqual([row.before ?? "", row.after]);
      for (const cell of cells) expect(cell).not.toMatch(/^[=+\-@]/);
    }
  });

  it("is refused, not cut short, where the database is away from the start", async () => {
    api.setDatabase(false);
    try {
      expect((await api.call("GET", "/audit/export")).status).toBe(503);
    } finally {
      api.setDatabase(true);
    }
  });
});

/** RFC 4180, as strict as it is. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let at = 0; at < text.length; at = cell.lastIndex) {
    const found = cell.exec(text);
    if (found === null) throw new Error(`no CSV: ${JSON.stringify(text.slice(at, at + 80))}`);
    records.at(-1)?.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] === "\r\n") records.push([]);
  }
  return records.slice(0, -1);
}
