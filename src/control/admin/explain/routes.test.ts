// POST /explain over the real admin server: what is asked of the data plane, and what its answer looks like.
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import type { ExplainQuestion } from "../../../domain/explanation.ts";
import { defaultHedge } from "../../../domain/pool.ts";
import { ExplainedPool, nowMs } from "../../../gateway/routing/fixtures/explained-pool.ts";

let api: AdminApiUnderTest;
let pool: ExplainedPool | null;
let asked: ExplainQuestion[] = [];
beforeAll(async () => {
  api = await startAdminApi({
    explain(question) {
      asked.push(question);
      return pool?.explain(question) ?? null;
    },
  });
});
afterAll(() => api.close());
beforeEach(() => {
  asked = [];
  const targets = [{ id: "dep_1" }, { id: "dep_2", priority: 1 }, { id: "dep_3", status: "offline" as const, reason: "gone" }];
  pool = new ExplainedPool({ targets, keys: [{ id: "key_1", models: ["other"] }], hedge: defaultHedge });
});

const explain = (body: object) => api.call("POST", "/explain", body);
const health = { cause: null, since: null, until: null, latency_ms: null, in_flight: 0, failure_ratio: null };

it("shows every target, what speaks for and against it, and what would be done", async () => {
  pool?.bench("dep_1");
  const answer = await explain({ model: "m" });
  const benched = "5 failures in a row: status 500";
  const since = "1970-01-01T00:00:00.000Z";
  const timeouts = { connect: "5s", first_byte: "10m", idle: "1m", total: "10m" };
  const fields = { weight: 1, reason: null, status: "active", upstream_model: "m", since, timeouts };
  expect([answer.status, answer.body]).toEqual([
    200,
    {
      model: "m",
      kind: "pool",
      strategy: "balanced",
      access: { allowed: true, why: "asked without a caller: as one who may use every model" },
      session: null,
      max_attempts: 2,
      call_timeout: "20m",
      candidates: [
        {
          ...fields,
          deployment: "dep_1",
          endpoint: "dep_1",
          endpoint_id: "endpoint-of-dep_1",
          priority: 0,
          health: {
            status: "benched",
            cause: benched,
            since: new Date(nowMs).toISOString(),
            until: new Date(nowMs + 5000).toISOString(),
            latency_ms: null,
            in_flight: 0,
            failure_ratio: 1,
          },
          eligible: false,
          why: `benched until ${new Date(nowMs + 5000).toISOString()}: ${benched}`,
          score: null,
          share: 0,
          order: 2,
        },
        {
          ...fields,
          deployment: "dep_2",
          endpoint: "dep_2",
          endpoint_id: "endpoint-of-dep_2",
          priority: 1,
          health: { ...health, status: "unknown" },
          eligible: true,
          why: "ready",
          score: 10,
          share: 1,
          order: 1,
        },
        {
          ...fields,
          status: "offline",
          reason: "gone",
          deployment: "dep_3",
          endpoint: "dep_3",
          endpoint_id: "endpoint-of-dep_3",
          priority: 0,
          health: { ...health, status: "unknown" },
          eligible: false,
          why: "offline: gone",
          score: null,
          share: 0,
          order: null,
        },
      ],
      retries: { left: 10, on_timeout: true },
      hedge: { delay: null, left: 1, why: "no other target is ready" },
      limits: [],
      decision: {
        outcome: "attempt",
        deployment: "dep_2",
        endpoint: "dep_2",
        upstream_model: "m",
        share: 1,
        why: "balanced: the only candidate",
        error: null,
      },
    },
  ]);
});

it("asks about the call that is described, and about the usual one where nothing is said", async () => {
  await explain({ model: "m", key_id: null, body: null });
  await explain({
    model: "m",
    key_id: "key_1",
    path: "/v1/embeddings",
    body: { user: "u" },
    headers: { "x-headgate-session": "s", "x-headgate-no-fallback": "true", "x-headgate-timeout": "30s" },
  });
  await explain({ model: "m", body: ' {"model": "m"}' });
  await explain({ model: "m", user_id: "usr_1", key_id: null });
  const usual = {
    model: "m",
    keyId: null,
    userId: null,
    path: "/v1/chat/completions",
    body: null,
    session: null,
    noFallback: false,
    timeoutMs: null,
  };
  expect(asked).toEqual([
    usual,
    {
      ...usual,
      keyId: "key_1",
      path: "/v1/embeddings",
      body: '{"model":"m","user":"u"}',
      session: "s",
      noFallback: true,
      timeoutMs: 30_000,
    },
    { ...usual, body: ' {"model": "m"}' },
    { ...usual, userId: "usr_1" },
  ]);
});

it("tells what the caller would be refused with, beside the candidates as they are", async () => {
  const { status, body } = await explain({ model: "m", key_id: "key_1" });
  expect([status, body.access]).toEqual([200, { allowed: false, why: "not among the models of the key 'ci'" }]);
  expect(body.decision).toMatchObject({
    outcome: "error",
    deployment: null,
    share: null,
    error: { status: 404, code: "model_not_found", retry_after: null },
  });
  expect(body.candidates).toHaveLength(3);
  const unknown = await explain({ model: "nothing" });
  expect(unknown.body).toMatchObject({
    kind: null,
    strategy: null,
    max_attempts: null,
    call_timeout: null,
    retries: null,
    hedge: null,
  });
  expect(unknown.body).toMatchObject({ candidates: [], limits: [], decision: { error: { code: "model_not_found" } } });
  expect((await explain({ model: "m", path: "/endpoints/dep_1/v1/x" })).body.decision).toMatchObject({
    outcome: "elsewhere",
    deployment: null,
    error: null,
  });
});

it.each([
  ["model", {}],
  ["key_id", { model: "m", key_id: "key_unknown" }],
  ["user_id", { model: "m", user_id: "usr_unknown" }],
  ["user_id", { model: "m", user_id: "usr_1", key_id: "key_1" }],
  ["body", { model: "m", body: { model: "other" } }],
  ["body", { model: "m", body: 7 }],
  ["path", { model: "m", path: "/v1beta/models/other:generateContent" }],
  ["headers.x-headgate-timeout", { model: "m", headers: { "x-headgate-timeout": "soon" } }],
  ["headers.authorization", { model: "m", headers: { authorization: "Bearer x" } }],
  ["messages", { model: "m", messages: [] }],
])("answers 422 naming %s", async (field, body) => {
  const { status, body: answer } = await explain(body);
  expect([status, answer.error.code, answer.error.field]).toEqual([422, "invalid_field", field]);
});

it("answers without the database, and 503 only while the data plane knows nothing", async () => {
  api.setDatabase(false);
  expect((await explain({ model: "m" })).status).toBe(200);
  pool = null;
  const { status, body, headers } = await explain({ model: "m" });
  expect([status, body.error.code, headers.get("retry-after")]).toEqual([503, "database_unavailable", "5"]);
  api.setDatabase(true);
});
