// Usage from the hourly roll-ups through the admin API.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { settledAttempt } from "../../../../test/support/ledger-records.ts";
import type { LooseJson } from "../../../../test/support/loose-json.ts";
import { everyoneGroupId } from "../../../domain/everyone.ts";

const hourMs = 3_600_000;
const noonMs = Date.parse("2026-03-10T12:00:00Z");
const range = "from=2026-03-10T12:00:00Z&to=2026-03-10T14:00:00Z";

let api: AdminApiUnderTest;
let keyId: string;
beforeAll(async () => {
  api = await startAdminApi();
  keyId = (await api.call("POST", "/keys", { name: "ci" })).body.id;
  const failedOver = settledAttempt({ startedAtMs: noonMs + 60_000, keyId, status: 503, error: "upstream_error", final: false });
  await api.storage.ledger.ingest([
    failedOver,
    settledAttempt({
      startedAtMs: noonMs + 61_000,
      keyId,
      requestId: failedOver.requestId,
      attemptNo: 2,
      endpoint: "backup",
      endpointId: "ep_2",
    }),
    settledAttempt({ startedAtMs: noonMs + hourMs, keyId, model: "claude", costNanoUsd: 2_500_000, priceVersion: "1" }),
    settledAttempt({
      startedAtMs: noonMs + hourMs + 1,
      keyId: null,
      model: "claude",
      status: 500,
      error: "upstream_error",
      usageSource: "estimated",
    }),
  ]);
});
afterAll(() => api.close());

describe("usage", () => {
  it("counts requests once and tokens of all attempts, with reasoning in output and cached input apart", async () => {
    const { status, body } = await api.call("GET", `/usage?${range}`);
    expect(status).toBe(200);
    expect(body).toEqual({
      data: [
        {
          requests: 3,
          errors: 1,
          input_tokens: 40,
          cached_input_tokens: 16,
          cache_write_tokens: 0,
          output_tokens: 28,
          reasoning_tokens: 8,
          cost_usd: 0.0025,
          estimated_requests: 1,
          unpriced_requests: 1,
          interrupted_requests: 0,
        },
      ],
      next_cursor: null,
      from: "2026-03-10T12:00:00.000Z",
      to: "2026-03-10T14:00:00.000Z",
    });
  });

  it("cost is null where nothing has a price", async () => {
    const { body } = await api.call("GET", `/usage?${range}&group_by=model`);
    const costs = Object.fromEntries(body.data.map((row: { model: string; cost_usd: number }) => [row.model, row.cost_usd]));
    expect(costs).toEqual({ "gpt-4o": null, claude: 0.0025 });
  });

  it("groups by every name asked for, ids with their names beside them, and by hour", async () => {
    const { body } = await api.call("GET", `/usage?${range}&group_by=model,endpoint,key,user,group&bucket=hour`);
    const last = body.data.find((row: { endpoint: string }) => row.endpoint === "backup");
    expect(last).toMatchObject({
      bucket: "2026-03-10T12:00:00.000Z",
      model: "gpt-4o",
      endpoint: "backup",
      key: keyId,
      key_name: "ci",
      user: null,
      user_name: null,
      group: everyoneGroupId,
      group_name: "everyone",
      requests: 1,
    });
    const byKey = (await api.call("GET", `/usage?${range}&group_by=key`)).body.data;
    expect(byKey.map((row: { key: string | null }) => row.key).sort()).toEqual([keyId, null].sort());
    expect(Object.keys(byKey[0])).not.toContain("model");
  });

  it("has the names of users, and none of those who are gone", async () => {
    const user = (await api.call("POST", "/users", { name: "Ann" })).body.id;
    const group = (await api.call("POST", "/groups", { name: "physics" })).body.id;
    const startedAtMs = noonMs + 30 * 24 * hourMs;
    await api.storage.ledger.ingest([
      settledAttempt({ startedAtMs, userId: user, groupId: group }),
      settledAttempt({ startedAtMs, userId: "usr_gone", groupId: "grp_gone" }),
    ]);
    const month = "from=2026-04-09T00:00:00Z&to=2026-04-10T00:00:00Z";
    const rows = (await api.call("GET", `/usage?${month}&group_by=user,group`)).body.data;
    expect(new Set(rows.map((row: LooseJson) => [row.user, row.user_name, row.group, row.group_name].join(" ")))).toEqual(
      new Set([`${user} Ann ${group} physics`, "usr_gone  grp_gone "]),
    );
    const listed = (await api.call("GET", "/requests?from=2026-04-09")).body.data;
    expect(listed.map((row: LooseJson) => [row.user_name, row.group_name]).sort()).toEqual(
      [
        [null, null],
        ["Ann", "physics"],
      ].sort(),
    );
  });

  it("widens the range to whole hours, takes dates, and covers the last 24 hours by default", async () => {
    const widened = (await api.call("GET", "/usage?from=2026-03-10T12:20:00Z&to=2026-03-10T12:40:00%2B00:00")).body;
    expect([widened.from, widened.to, widened.data[0].requests]).toEqual([
      "2026-03-10T12:00:00.000Z",
      "2026-03-10T13:00:00.000Z",
      1,
    ]);
    const day = (await api.call("GET", "/usage?from=2026-03-10&to=2026-03-11&bucket=day")).body;
    expect(day.data).toHaveLength(1);
    expect(day.data[0]).toMatchObject({ bucket: "2026-03-10T00:00:00.000Z", requests: 3 });
    const askedMs = Date.now();
    const usual = (await api.call("GET", "/usage")).body;
    const spanMs = Date.parse(usual.to) - Date.parse(usual.from);
    expect(spanMs).toBeGreaterThanOrEqual(24 * hourMs);
    expect(spanMs).toBeLessThanOrEqual(25 * hourMs);
    expect(Date.parse(usual.to)).toBeGreaterThanOrEqual(askedMs);
  });

  it("names a parameter that it can't take", async () => {
    for (const query of [
      "group_by=colour",
      "group_by=model,,key",
      "bucket=minute",
      "from=yesterday",
      "to=2026-13-01",
      "limits=1",
    ]) {
      const answer = await api.call("GET", `/usage?${query}`);
      expect([query, answer.status, answer.body.error?.field]).toEqual([query, 422, query.split("=")[0]]);
    }
    const reversed = await api.call("GET", "/usage?from=2026-03-11&to=2026-03-10");
    expect([reversed.status, reversed.body.error.field]).toEqual([422, "from"]);
  });
});
