// What the admin API shows of the ledger's requests.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { settledAttempt, startedAttempt } from "../../../../test/support/ledger-records.ts";

const noonMs = Date.parse("2026-03-10T12:00:00Z");

let api: AdminApiUnderTest;
let keyId: string;
beforeAll(async () => {
  api = await startAdminApi();
  keyId = (await api.call("POST", "/keys", { name: "ci" })).body.id;
  await api.storage.ledger.ingest([
    settledAttempt({
      requestId: "req_1",
      id: "att_1",
      startedAtMs: noonMs,
      keyId,
      status: 503,
      error: "upstream_error",
      final: false,
      ttftMs: null,
      why: "lowest load",
      costNanoUsd: 1_000_000,
    }),
    settledAttempt({
      requestId: "req_1",
      id: "att_2",
      startedAtMs: noonMs + 300,
      requestStartedAtMs: noonMs,
      attemptNo: 2,
      keyId,
      endpoint: "backup",
      costNanoUsd: 500_000,
    }),
    settledAttempt({
      requestId: "req_2",
      startedAtMs: noonMs + 1000,
      keyId,
      model: "claude",
      status: 400,
      error: "upstream_error",
    }),
    startedAttempt({ requestId: "req_3", startedAtMs: noonMs + 2000, keyId, model: "claude", stream: true }),
    startedAttempt({
      requestId: "req_4",
      startedAtMs: noonMs + 3000,
      keyId: null,
      model: "",
      processId: "gone",
      deploymentId: null,
      path: "/endpoints/openai/v1/files",
    }),
  ]);
  await api.storage.ledger.interrupt("gone", noonMs + 10_000);
});
afterAll(() => api.close());

const idsOf = (answer: { body: { data: { id: string }[] } }) => answer.body.data.map((request) => request.id);

describe("requests", () => {
  it("one request shows its outcome, the sums of its attempts, and each attempt", async () => {
    const { status, body } = await api.call("GET", "/requests/req_1");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: "req_1",
      started_at: "2026-03-10T12:00:00.000Z",
      duration_ms: 550,
      ttft_ms: 340,
      status: 200,
      error: null,
      state: "settled",
      model: "gpt-4o",
      endpoint: "backup",
      key: keyId,
      key_name: "ci",
      user: null,
      user_name: null,
      group_name: "everyone",
      method: "POST",
      path: "/v1/chat/completions",
      stream: false,
      tokens: { input_tokens: 20, cached_input_tokens: 8, cache_write_tokens: 0, output_tokens: 14, reasoning_tokens: 4 },
      usage_source: "measured",
      cost_usd: 0.0015,
    });
    expect(body.attempts).toHaveLength(2);
    expect(body.attempts[0]).toEqual({
      id: "att_1",
      deployment: "dep_1",
      endpoint: "openai",
      upstream_model: "gpt-4o-2024-11-20",
      why: "lowest load",
      started_at: "2026-03-10T12:00:00.000Z",
      status: 503,
      error: "upstream_error",
      ttft_ms: null,
      duration_ms: 250,
      state: "settled",
      tokens: { input_tokens: 10, cached_input_tokens: 4, cache_write_tokens: 0, output_tokens: 7, reasoning_tokens: 2 },
      usage_source: "measured",
      cost_usd: 0.001,
      cost: 0.001,
      price: null,
      cost_parts: [],
      adjustments: [],
    });
  });

  it("what has been adjusted costs what its row and all adjustments add up to, and says why", async () => {
    const record = settledAttempt({ requestId: "req_adjusted", startedAtMs: noonMs - 86_400_000, costNanoUsd: null });
    await api.storage.ledger.ingest([record]);
    const [row] = await api.storage.ledger.attemptsOf(["req_adjusted"]);
    const { model, endpoint_id, endpoint, key_id, user_id, group_id } = row as NonNullable<typeof row>;
    const whose = { model, endpoint_id, endpoint, key_id, user_id, group_id };
    const of = { attempt_started_at: record.startedAtMs, attempt_id: record.id, reason: "reprice", batch_id: "bat_1", ...whose };
    await api.storage.adjustments.insert([
      { ...of, id: "adj_2", at: noonMs + 1, delta_nano_usd: -500_000, unpriced_requests: 0, price_version: "v2" },
      { ...of, id: "adj_1", at: noonMs, delta_nano_usd: 2_000_000, unpriced_requests: -1, price_version: "v1" },
    ]);
    const { body } = await api.call("GET", "/requests/req_adjusted");
    expect([body.cost_usd, body.attempts[0].cost_usd]).toEqual([0.0015, 0.0015]);
    expect(body.attempts[0].adjustments).toEqual([
      { at: "2026-03-10T12:00:00.000Z", usd: 0.002, price_version: "v1", reason: "reprice" },
      { at: "2026-03-10T12:00:00.001Z", usd: -0.0005, price_version: "v2", reason: "reprice" },
    ]);
    const listed = await api.call("GET", "/requests?search=req_adjusted");
    expect(listed.body.data.map(({ cost_usd }: { cost_usd: number }) => cost_usd)).toEqual([0.0015]);
    await api.storage.ledger.deleteBefore(noonMs - 1);
  });

  it("what is under way and what was interrupted say so", async () => {
    expect((await api.call("GET", "/requests/req_3")).body).toMatchObject({
      state: "in_progress",
      status: null,
      duration_ms: null,
      stream: true,
    });
    const interrupted = (await api.call("GET", "/requests/req_4")).body;
    expect(interrupted).toMatchObject({
      state: "interrupted",
      model: null,
      key: null,
      key_name: null,
      usage_source: "estimated",
      cost_usd: null,
    });
    expect(interrupted.attempts[0]).toMatchObject({ deployment: null, state: "interrupted" });
  });

  it("an unknown id is 404", async () => {
    const answer = await api.call("GET", "/requests/req_unknown");
    expect([answer.status, answer.body.error.code]).toEqual([404, "not_found"]);
  });

  it("are listed newest first with their attempts, page by page", async () => {
    const all = await api.call("GET", "/requests");
    expect(idsOf(all)).toEqual(["req_4", "req_3", "req_2", "req_1"]);
    expect(all.body.data.at(-1).attempts).toHaveLength(2);
    const first = await api.call("GET", "/requests?limit=3");
    expect(idsOf(first)).toEqual(["req_4", "req_3", "req_2"]);
    const second = await api.call("GET", `/requests?limit=3&cursor=${encodeURIComponent(first.body.next_cursor)}`);
    expect([idsOf(second), second.body.next_cursor]).toEqual([["req_1"], null]);
  });

  it("are filtered by model, endpoint, key, status and time", async () => {
    const list = async (query: string) => idsOf(await api.call("GET", `/requests?${query}`));
    expect(await list("model=claude")).toEqual(["req_3", "req_2"]);
    expect(await list("endpoint=backup")).toEqual(["req_1"]);
    expect(await list(`key=${keyId}&status=ok`)).toEqual(["req_1"]);
    expect(await list("status=error")).toEqual(["req_4", "req_2"]);
    expect(await list("from=2026-03-10T12:00:01Z&to=2026-03-10T12:00:02Z")).toEqual(["req_2"]);
    for (const query of ["status=broken", "from=now", "colour=red"]) {
      const answer = await api.call("GET", `/requests?${query}`);
      expect([query, answer.status, answer.body.error?.field]).toEqual([query, 422, query.split("=")[0]]);
    }
  });
});
