// Usage as filtered and as a file, through the admin API: the file has what the report has, and no cell that runs.
import { afterAll, beforeAll, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { settledAttempt } from "../../../../test/support/ledger-records.ts";
import type { LooseJson } from "../../../../test/support/loose-json.ts";
import { type Person, peopleOfAllRoles } from "../../../../test/support/people.ts";

const hourMs = 3_600_000;
const startMs = Date.parse("2026-03-10T12:00:00Z");
const range = "from=2026-03-10T12:00:00Z&to=2026-03-13T01:00:00Z";
const formula = '=HYPERLINK("http://x","y")';

let api: AdminApiUnderTest;
let people: Person[];
let keyId: string;
let userId: string;
beforeAll(async () => {
  api = await startAdminApi();
  people = await peopleOfAllRoles(api);
  keyId = (await api.call("POST", "/keys", { name: formula })).body.id;
  userId = (people.find(({ role }) => role === "member") as Person).id;
  await api.storage.ledger.ingest([
    settledAttempt({ startedAtMs: startMs, keyId, model: "@sum", costNanoUsd: 1_500_000, priceVersion: "1" }),
    settledAttempt({ startedAtMs: startMs + 30 * hourMs, keyId, model: "two\r\nlines", endpoint: "other" }),
    settledAttempt({ startedAtMs: startMs + 60 * hourMs, model: "plain", userId, groupId: "grp_gone" }),
  ]);
});
afterAll(() => api.close());

it.each([
  ["key", () => keyId, 2],
  ["user", () => userId, 1],
  ["group", () => "grp_gone", 1],
  ["model", () => "plain", 1],
  ["endpoint", () => "other", 1],
  ["model", () => "nothing of this name", 0],
])("a report is filtered by %s", async (name, value, requests) => {
  const { status, body } = await api.call("GET", `/usage?${range}&${name}=${encodeURIComponent(value())}`);
  expect([status, body.data[0]?.requests ?? 0]).toEqual([200, requests]);
  const byModel = await api.call("GET", `/usage?${range}&group_by=model&${name}=${encodeURIComponent(value())}`);
  expect(byModel.body.data).toHaveLength(requests);
});

it.each(["", "&group_by=key,model", "&group_by=user,group,endpoint&bucket=day", "&bucket=hour", "&group_by=model&model=plain"])(
  "a file is the whole report, in its order: %s",
  async (query) => {
    const report = (await api.call("GET", `/usage?${range}${query}`)).body.data;
    const file = await api.call("GET", `/usage/export?format=json&${range}${query}`);
    expect(file.headers.get("content-disposition")).toMatch(/^attachment; filename="headgate-usage-\d{4}-\d\d-\d\d\.json"$/);
    expect(file.body).toEqual(report);
    const csv = await api.call("GET", `/usage/export?${range}${query}`);
    expect(csv.headers.get("content-type")).toMatch(/^text\/csv/);
    const [head, ...lines] = parseCsv(csv.text) as [string[], ...string[][]];
    expect([...head].sort()).toEqual(Object.keys(report[0]).sort());
    const text = (value: unknown) => (/^[=@]/.test(String(value)) ? `'${value}` : String(value ?? ""));
    expect(lines).toEqual(report.map((row: LooseJson) => head.map((name) => text(row[name]))));
    for (const cell of lines.flat()) expect(cell).not.toMatch(/^[=+\-@]/);
  },
);

it("an empty report is a file with its head, or an empty array", async () => {
  const nothing = "from=2020-01-01&to=2020-01-03&bucket=day";
  expect((await api.call("GET", `/usage/export?format=json&${nothing}`)).body).toEqual([]);
  expect(parseCsv((await api.call("GET", `/usage/export?${nothing}`)).text)).toHaveLength(1);
});

it("a file has what its reader reaches, and endpoints only for those who see them", async () => {
  for (const { role, call } of people) {
    const file = await call("GET", `/usage/export?format=json&${range}`);
    expect([role, file.body[0]?.requests ?? 0]).toEqual([role, role === "member" ? 1 : role === "group_manager" ? 0 : 3]);
    for (const query of ["group_by=endpoint", "endpoint=other"]) {
      for (const path of ["/usage", "/usage/export"]) {
        const { status } = await call("GET", `${path}?${range}&${query}`);
        expect([role, path, query, status]).toEqual([
          role,
          path,
          query,
          role === "member" || role === "group_manager" ? 403 : 200,
        ]);
      }
    }
  }
});

it("over all of time takes no longer than over what there is, and has the same", async () => {
  const ever = "from=0001-01-01&to=9999-12-31&group_by=key,model";
  for (const bucket of ["hour", "day"]) {
    const expected = (await api.call("GET", `/usage/export?format=json&${range}&group_by=key,model&bucket=${bucket}`)).body;
    expect(expected).toHaveLength(3);
    // The quickest of three: what else the machine does makes some slower.
    let tookMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 3; round++) {
      const beganMs = performance.now();
      expect((await api.call("GET", `/usage/export?format=json&${ever}&bucket=${bucket}`)).body).toEqual(expected);
      tookMs = Math.min(tookMs, performance.now() - beganMs);
    }
    expect(tookMs).toBeLessThan(2000);
  }
});

it("is refused, not cut short, where the database is away from the start", async () => {
  api.setDatabase(false);
  try {
    expect((await api.call("GET", "/usage/export")).status).toBe(503);
  } finally {
    api.setDatabase(true);
  }
  expect((await api.call("GET", "/usage/export?format=xml")).body.error.field).toBe("format");
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
