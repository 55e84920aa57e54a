// Keys through the admin API: shown once, changed, rotated, deleted.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { digestApiKey } from "../../../domain/api-key.ts";
import { everyoneGroupId } from "../../../domain/everyone.ts";

let api: AdminApiUnderTest;
beforeAll(async () => {
  api = await startAdminApi();
});
afterAll(() => api.close());

const makeKey = async (body: object = {}) => (await api.call("POST", "/keys", { name: "a key", ...body })).body;

describe("keys", () => {
  it("a new key is shown once, kept as a digest, and published before the answer", async () => {
    const answer = await api.call("POST", "/keys", { name: "ci" });
    expect(answer.status).toBe(201);
    const { key, id, prefix } = answer.body;
    expect(key).toMatch(/^sk-hg-\w{10}-\w{40}$/);
    expect(key.startsWith(`${prefix}-`)).toBe(true);
    expect(answer.body).toMatchObject({
      name: "ci",
      user_id: null,
      group_id: everyoneGroupId,
      models: null,
      scopes: ["inference"],
      expires_at: null,
      origin: "admin",
      version: 1,
    });
    expect(api.published.at(-1)).toBe(`key ${id}`);
    const one = await api.call("GET", `/keys/${id}`);
    const { key: _shownOnce, ...rest } = answer.body;
    expect(one.body).toEqual(rest);
    expect((await api.call("GET", "/keys")).text).not.toContain(key);
    expect((await api.storage.keys.get(id))?.digest).toBe(digestApiKey(key));
  });

  it("takes models, patterns, scopes and an expiry", async () => {
    const expires = new Date(Date.now() + 86_400_000).toISOString();
    const asked = { models: ["gpt-4o", "claude-*"], scopes: ["inference", "passthrough"], expires_at: expires };
    expect(await makeKey(asked)).toMatchObject(asked);
  });

  it("names the field of anything that is not allowed", async () => {
    const cases: [object, string][] = [
      [{ name: " " }, "name"],
      [{ name: "x".repeat(101) }, "name"],
      [{ name: 1 }, "name"],
      [{ name: "a", user_id: "usr_1" }, "user_id"],
      [{ name: "a", group_id: "grp_nobody" }, "group_id"],
      [{ name: "a", models: [] }, "models"],
      [{ name: "a", models: ["gpt-4o", ""] }, "models.1"],
      [{ name: "a", scopes: ["everything"] }, "scopes.0"],
      [{ name: "a", scopes: [] }, "scopes"],
      [{ name: "a", expires_at: "tomorrow" }, "expires_at"],
      [{ name: "a", expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
      [{ name: "a", expires_at: "2099-02-30T00:00:00Z" }, "expires_at"],
      [{ name: "a", limits: { requests_per_minute: 0 } }, "limits.requests_per_minute"],
      [{ name: "a", limits: { tokens_per_minute: 1e12 + 1 } }, "limits.tokens_per_minute"],
      [{ name: "a", limits: { concurrent_requests: 0.5 } }, "limits.concurrent_requests"],
      [{ name: "a", limits: { budget_usd: -1 } }, "limits.budget_usd"],
      [{ name: "a", limits: { budget_usd: "NaN" } }, "limits.budget_usd"],
      [{ name: "a", limits: { budget_usd: 9_000_001 } }, "limits.budget_usd"],
      [{ name: "a", limits: { budget_usd: 0.1234567891 } }, "limits.budget_usd"],
      [{ name: "a", limits: { budget_usd: 5, budget_period: "year" } }, "limits.budget_period"],
      [{ name: "a", limits: { budget_usd: 5, budget_timezone: "Mars/Phobos" } }, "limits.budget_timezone"],
      [{ name: "a", limits: { budget_usd: 5, budget_timezone: "+01:00" } }, "limits.budget_timezone"],
      [{ name: "a", limits: { budget_usd: 5, budget_unpriced: "maybe" } }, "limits.budget_unpriced"],
      [{ name: "a", limits: { budget_period: "day" } }, "limits.budget_period"],
      [{ name: "a", limits: { budget_timezone: "UTC", budget_usd: null } }, "limits.budget_timezone"],
      [{ name: "a", limits: { budget_unpriced: "deny" } }, "limits.budget_unpriced"],
      [{ name: "a", key: "sk-mine" }, "key"],
    ];
    const before = (await api.storage.keys.all()).length;
    for (const [body, field] of cases) {
      const answer = await api.call("POST", "/keys", body);
      expect([body, answer.status, answer.body.error?.field]).toEqual([body, 422, field]);
    }
    expect((await api.storage.keys.all()).length).toBe(before);
  });

  it("of a user are paid by the user's primary group, where no other is named", async () => {
    const group = (await api.call("POST", "/groups", { name: "payers" })).body;
    const user = (await api.call("POST", "/users", { name: "Ann" })).body;
    expect(await makeKey({ user_id: user.id })).toMatchObject({ user_id: user.id, group_id: everyoneGroupId });
    await api.call("PATCH", `/users/${user.id}`, { primary_group_id: group.id });
    const key = await makeKey({ user_id: user.id });
    expect(key).toMatchObject({ user_id: user.id, group_id: group.id });
    expect(await makeKey({ user_id: user.id, group_id: everyoneGroupId })).toMatchObject({ group_id: everyoneGroupId });
    const other = await api.call("PATCH", `/keys/${key.id}`, { group_id: everyoneGroupId });
    expect(other.body.group_id).toBe(everyoneGroupId);
    expect((await api.call("PATCH", `/keys/${key.id}`, { group_id: null })).body.group_id).toBe(group.id);
    expect((await api.call("PATCH", `/keys/${key.id}`, { user_id: user.id })).body.error.field).toBe("user_id");
  });

  it("have limits, each of which a PATCH sets or clears", async () => {
    expect((await makeKey()).limits).toEqual({});
    const key = await makeKey({ limits: { requests_per_second: 5, requests_per_minute: 100 } });
    expect(key.limits).toEqual({ requests_per_second: 5, requests_per_minute: 100 });
    const patch = async (limits: object | null) => (await api.call("PATCH", `/keys/${key.id}`, { limits })).body.limits;
    expect(await patch({ requests_per_second: null })).toEqual({ requests_per_minute: 100 });
    expect(await patch({ requests_per_second: 1_000_000 })).toEqual({ requests_per_second: 1_000_000, requests_per_minute: 100 });
    expect(await patch(null)).toEqual({});
    expect((await api.storage.keys.get(key.id))?.limits).toBeNull();
  });

  it("have a budget, shown with what holds by default; taken back, it takes what is said about it along", async () => {
    const key = await makeKey({ limits: { budget_usd: 8_999_999.123456789 } });
    const defaults = { budget_period: "month", budget_timezone: "UTC", budget_unpriced: "deny" };
    expect(key.limits).toEqual({ budget_usd: 8_999_999.123456789, ...defaults });
    const patch = async (limits: object | null) => api.call("PATCH", `/keys/${key.id}`, { limits });
    const more = { budget_timezone: "America/St_Johns", budget_period: "week", tokens_per_minute: 1e12 };
    expect((await patch(more)).body.limits).toEqual({ ...key.limits, ...more });
    expect((await patch({ budget_period: null })).body.limits).toMatchObject({
      budget_period: "month",
      budget_timezone: "America/St_Johns",
    });
    expect((await patch({ budget_usd: 0 })).body.limits.budget_usd).toBe(0);
    const refused = await patch({ budget_usd: null, budget_period: "day" });
    expect([refused.status, refused.body.error.field]).toEqual([422, "limits.budget_period"]);
    expect((await patch({ budget_usd: null })).body.limits).toEqual({ tokens_per_minute: 1e12 });
    expect((await patch({ budget_usd: 1 })).body.limits).toEqual({ tokens_per_minute: 1e12, budget_usd: 1, ...defaults });
  });

  it("PATCH clears with null, leaves alone what is left out, and moves the version", async () => {
    const key = await makeKey({ models: ["a"], scopes: ["admin"], expires_at: "2099-01-01T00:00:00Z" });
    const renamed = await api.call("PATCH", `/keys/${key.id}`, { name: "renamed" });
    expect(renamed.body).toMatchObject({ name: "renamed", models: ["a"], scopes: ["admin"], version: 2 });
    expect(renamed.headers.get("etag")).toBe('"2"');
    const cleared = await api.call("PATCH", `/keys/${key.id}`, { models: null, scopes: null, expires_at: null, group_id: null });
    expect(cleared.body).toMatchObject({ name: "renamed", models: null, scopes: ["inference"], expires_at: null, version: 3 });
    expect((await api.call("PATCH", `/keys/${key.id}`, { name: null })).body.error.field).toBe("name");
    expect((await api.call("PATCH", `/keys/${key.id}`, { user_id: "u" })).body.error.field).toBe("user_id");
    expect(api.published.at(-1)).toBe(`key ${key.id}`);
  });

  it("writes with an old If-Match are 412 stale and change nothing", async () => {
    const key = await makeKey();
    const path = `/keys/${key.id}`;
    const etag = (await api.call("GET", path)).headers.get("etag") as string;
    expect((await api.call("PATCH", path, { name: "first" }, { headers: { "if-match": etag } })).status).toBe(200);
    for (const [method, suffix, body] of [
      ["PATCH", "", { name: "second" }],
      ["DELETE", "", undefined],
      ["POST", "/rotate", {}],
    ] as const) {
      const answer = await api.call(method, path + suffix, body, { headers: { "if-match": etag } });
      expect([method, answer.status, answer.body.error.code]).toEqual([method, 412, "stale"]);
    }
    expect((await api.call("GET", path)).body.name).toBe("first");
    expect((await api.call("DELETE", path, undefined, { headers: { "if-match": "*" } })).status).toBe(204);
  });

  it("a deleted key is gone, published, and its name stays with the ledger", async () => {
    const key = await makeKey({ name: "short-lived" });
    const answer = await api.call("DELETE", `/keys/${key.id}`);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(api.published.at(-1)).toBe(`key ${key.id}`);
    for (const [method, path] of [
      ["GET", ""],
      ["PATCH", ""],
      ["DELETE", ""],
      ["POST", "/rotate"],
    ] as const) {
      const again = await api.call(method, `/keys/${key.id}${path}`, method === "GET" || method === "DELETE" ? undefined : {});
      expect([method, path, again.status, again.body.error.code]).toEqual([method, path, 404, "not_found"]);
    }
    expect(await api.storage.keys.names([key.id])).toEqual(new Map([[key.id, "short-lived"]]));
  });

  it("rotation gives a new key at once and keeps the old digest for the overlap that was asked for", async () => {
    const key = await makeKey();
    const path = `/keys/${key.id}/rotate`;
    const before = Date.now();
    const rotated = await api.call("POST", path, { overlap_seconds: 60 });
    expect(rotated.status).toBe(200);
    expect(rotated.body.key).not.toBe(key.key);
    expect(rotated.body.key.startsWith(`${rotated.body.prefix}-`)).toBe(true);
    expect(rotated.body).toMatchObject({ id: key.id, version: 2 });
    const row = await api.storage.keys.get(key.id);
    expect(row).toMatchObject({ digest: digestApiKey(rotated.body.key), previous_digest: digestApiKey(key.key) });
    expect(row?.previous_expires_at).toBeGreaterThanOrEqual(before + 60_000);
    expect(row?.previous_expires_at).toBeLessThanOrEqual(Date.now() + 60_000);

    const atOnce = await api.call("POST", path);
    expect(atOnce.status).toBe(200);
    expect(await api.storage.keys.get(key.id)).toMatchObject({ previous_digest: null, previous_expires_at: null });
    const tooLong = await api.call("POST", path, { overlap_seconds: 30 * 86_400 + 1 });
    expect([tooLong.status, tooLong.body.error.field]).toEqual([422, "overlap_seconds"]);
  });

  it("are listed page by page, each once, with limits held to 1 to 1000", async () => {
    for (let made = 0; made < 5; made++) await makeKey({ name: `page ${made}` });
    const all = (await api.call("GET", "/keys")).body;
    expect(all.next_cursor).toBeNull();
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page = (await api.call("GET", `/keys?limit=2${query}`)).body;
      expect(page.data.length).toBeLessThanOrEqual(2);
      seen.push(...page.data.map((key: { id: string }) => key.id));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(all.data.map((key: { id: string }) => key.id));
    for (const query of ["limit=0", "limit=1001", "limit=many", "limit=1.5", "cursor=garbage", "colour=red"]) {
      const answer = await api.call("GET", `/keys?${query}`);
      expect([query, answer.status, answer.body.error?.field]).toEqual([query, 422, query.split("=")[0]]);
    }
  });

  it("no digest and no key is in any answer but those of create and rotate", async () => {
    const key = await makeKey();
    const digest = (await api.storage.keys.get(key.id))?.digest as string;
    for (const path of ["/keys", `/keys/${key.id}`]) {
      const { text } = await api.call("GET", path);
      expect(text).not.toContain(digest);
      expect(text).not.toContain(key.key);
    }
    expect(api.logged.join("\n")).not.toContain(key.key);
  });
});
