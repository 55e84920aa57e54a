// The overview through the admin API: figures over time beside those before, percentiles, what is unhealthy, and who sees what of it.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi, systemOfTests } from "../../../../test/support/admin-api.ts";
import { settledAttempt } from "../../../../test/support/ledger-records.ts";
import type { LooseJson } from "../../../../test/support/loose-json.ts";
import { type Person, peopleOfAllRoles } from "../../../../test/support/people.ts";
import type { HealthBody } from "../../../api/models.ts";
import { deploymentRow, endpointRow, manifestRow, modelRow, syncRunRow } from "../../../storage/rows.contract.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const noonMs = Date.parse("2026-03-10T12:00:00Z");
const time = (ms: number) => new Date(ms).toISOString();
const period = (fromMs: number, toMs: number) => `/overview?from=${time(fromMs)}&to=${time(toMs)}`;

const health = new Map<string, HealthBody>();
const system = { ...systemOfTests };
let api: AdminApiUnderTest;
let people: Person[];
beforeAll(async () => {
  const healthy: HealthBody = {
    status: "healthy",
    cause: null,
    since: null,
    until: null,
    latency_ms: null,
    in_flight: 0,
    failure_ratio: null,
  };
  api = await startAdminApi({ healthOf: (id) => health.get(id) ?? healthy, system: () => system });
  people = await peopleOfAllRoles(api);
});
afterAll(() => api.close());
const ofRole = (role: string) => people.find((each) => each.role === role) as Person;

describe("figures", () => {
  beforeAll(async () => {
    await api.storage.ledger.ingest([
      ...Array.from({ length: 19 }, (_, index) =>
        settledAttempt({
          startedAtMs: noonMs + index * minuteMs,
          durationMs: 1000,
          ttftMs: 100,
          costNanoUsd: 1_000_000,
          priceVersion: "1",
        }),
      ),
      settledAttempt({
        startedAtMs: noonMs + 59 * minuteMs,
        durationMs: 30_000,
        ttftMs: null,
        status: 502,
        error: "upstream_error",
      }),
      settledAttempt({ startedAtMs: noonMs - minuteMs, durationMs: 50, ttftMs: null, userId: ofRole("member").id }),
    ]);
  });

  const within = (value: number, exactly: number) => Math.abs(value - exactly) <= exactly / 8;

  it.each([
    ["minute", noonMs, noonMs + hourMs, 60],
    ["hour", noonMs, noonMs + 3 * hourMs, 3],
    ["day", noonMs, noonMs + 8 * dayMs, 9],
  ])(
    "by the %s: totals, the period before, and every bucket, with zeros where nothing was",
    async (bucket, fromMs, toMs, buckets) => {
      const { status, body } = await api.call("GET", period(fromMs, toMs));
      expect(status).toBe(200);
      expect([body.bucket, body.from, body.to]).toEqual([bucket, time(fromMs), time(toMs)]);
      expect(body.totals).toMatchObject({
        requests: 20,
        errors: 1,
        input_tokens: 200,
        cached_input_tokens: 80,
        output_tokens: 140,
        cost_usd: 0.019,
        estimated_requests: 0,
      });
      expect(within(body.totals.p50_ms, 1000) && within(body.totals.p95_ms, 1000)).toBe(true);
      expect(within(body.totals.ttft_p50_ms, 100) && within(body.totals.ttft_p95_ms, 100)).toBe(true);
      expect(body.previous).toMatchObject({ requests: 1, errors: 0, cost_usd: null, ttft_p50_ms: null });
      expect(within(body.previous.p95_ms, 50)).toBe(true);

      expect(body.series).toHaveLength(buckets);
      const starts = body.series.map((row: LooseJson) => Date.parse(row.bucket));
      const lengthMs = { minute: minuteMs, hour: hourMs, day: dayMs }[bucket] as number;
      expect(starts).toEqual(starts.map((_: number, index: number) => fromMs - (fromMs % lengthMs) + index * lengthMs));
      expect(body.series.reduce((sum: number, row: LooseJson) => sum + row.requests, 0)).toBe(20);
      const { bucket: _, ...empty } = body.series[20] ?? body.series.at(-1);
      expect(empty).toEqual({
        requests: 0,
        errors: 0,
        input_tokens: 0,
        cached_input_tokens: 0,
        output_tokens: 0,
        cost_usd: null,
        estimated_requests: 0,
        p50_ms: null,
        p95_ms: null,
        ttft_p50_ms: null,
        ttft_p95_ms: null,
      });
    },
  );

  it("are of what the asker reaches", async () => {
    for (const path of [period(noonMs - hourMs, noonMs + hourMs), period(noonMs - dayMs, noonMs + dayMs)]) {
      const of = async (role: string) => (await ofRole(role).call("GET", path)).body.totals;
      expect([(await of("auditor")).requests, (await of("member")).requests, (await of("group_manager")).requests]).toEqual([
        21, 1, 0,
      ]);
      expect(within((await of("member")).p50_ms, 50)).toBe(true);
    }
  });

  it("cover the last 24 hours by default, and never more than 400 buckets", async () => {
    const { body } = await api.call("GET", "/overview");
    expect(body.bucket).toBe("hour");
    expect(body.series.length).toBeGreaterThanOrEqual(24);
    const longest = await api.call("GET", "/overview?from=2025-01-01&to=2026-02-03");
    expect([longest.status, longest.body.series.length]).toEqual([200, 398]);
    for (const query of ["from=2025-01-01&to=2026-02-04", "from=2026-02-01&to=2026-01-01", "from=soon"]) {
      const answer = await api.call("GET", `/overview?${query}`);
      expect([answer.status, answer.body.error.field]).toEqual([422, "from"]);
    }
    expect((await api.call("GET", "/overview?bucket=hour")).status).toBe(422);
  });
});

describe("what is unhealthy", () => {
  let names: string[];
  beforeAll(async () => {
    const { endpoints, models, deployments, syncRuns, manifests } = api.storage;
    const [down, up, calm] = [endpointRow({ name: "down" }), endpointRow({ name: "up" }), endpointRow({ name: "calm" })];
    for (const row of [down, up, calm]) await endpoints.insert(row);
    await syncRuns.insert(
      syncRunRow({ endpoint_id: down.id, status: "failed", error: "connection refused", finished_at: noonMs }),
    );
    const model = modelRow({ name: "served" });
    await models.insert(model);
    const deploy = async (upstream_model: string, changes: object = {}) => {
      const name = modelRow({ name: upstream_model });
      await models.insert(name);
      const row = deploymentRow({ endpoint_id: up.id, model_id: name.id, upstream_model, ...changes });
      await deployments.insert(row);
      return row.id;
    };
    const seen = (id: string, status: HealthBody["status"]) =>
      health.set(id, {
        status,
        cause: "3 failures",
        since: time(noonMs),
        until: null,
        latency_ms: null,
        in_flight: 0,
        failure_ratio: 1,
      });
    seen(await deploy("trial"), "trial");
    seen(await deploy("resting"), "resting");
    seen(await deploy("benched"), "benched");
    seen(await deploy("unknown"), "unknown");
    await deploy("fine");
    await deploy("gone", { status: "offline", reason: "not listed any more", since: noonMs });
    seen(await deploy("disabled", { status: "disabled", reason: "disabled by an administrator" }), "benched");
    await manifests.insert(
      manifestRow({
        name: "never",
        content: null,
        last_error: JSON.stringify({ at: noonMs, stage: "http", detail: "HTTP 500" }),
      }),
    );
    await manifests.insert(
      manifestRow({ name: "old", content: "{}", last_error: JSON.stringify({ at: noonMs, stage: "http", detail: "HTTP 502" }) }),
    );
    await manifests.insert(manifestRow({ name: "current", content: "{}", last_error: null }));
    system.reasons = [
      { part: "spool", since: time(noonMs), detail: "the disk is full" },
      { part: "manifest:never", since: time(noonMs), detail: "said by the manifest itself" },
    ];
    names = ["spool", "down", "never", "up/benched", "up/gone", "old", "up/resting", "up/trial"];
  });

  it("is all that does not work, worst first, with its cause", async () => {
    const { unhealthy } = (await api.call("GET", "/overview")).body;
    expect(unhealthy.map(({ name }: LooseJson) => name)).toEqual(names);
    const since = time(noonMs);
    const of = (name: string) => unhealthy.find((entry: LooseJson) => entry.name === name);
    expect(of("spool")).toEqual({ kind: "part", id: null, name: "spool", status: "degraded", cause: "the disk is full", since });
    expect(of("down")).toMatchObject({ kind: "endpoint", status: "offline", cause: "connection refused", since });
    expect(of("never")).toMatchObject({ kind: "manifest", status: "never_loaded", cause: "HTTP 500", since });
    expect(of("up/gone")).toMatchObject({ kind: "deployment", status: "offline", cause: "not listed any more", since });
    expect(of("up/benched")).toMatchObject({ kind: "deployment", status: "benched", cause: "3 failures", since });
  });

  it("is shown to roles that see endpoints, and to nobody else", async () => {
    for (const [role, count] of [
      ["administrator", names.length],
      ["operator", names.length],
      ["auditor", names.length],
      ["group_manager", 0],
      ["member", 0],
    ] as const) {
      expect([role, (await ofRole(role).call("GET", "/overview")).body.unhealthy.length]).toEqual([role, count]);
    }
  });

  it("is at most 100 entries", async () => {
    const endpoint = endpointRow({ name: "large" });
    await api.storage.endpoints.insert(endpoint);
    for (let index = 0; index < 120; index++) {
      const model = modelRow({ name: `lost-${index}` });
      await api.storage.models.insert(model);
      const row = deploymentRow({
        endpoint_id: endpoint.id,
        model_id: model.id,
        upstream_model: model.name,
        status: "offline",
        reason: "not listed",
      });
      await api.storage.deployments.insert(row);
    }
    const { unhealthy } = (await api.call("GET", "/overview")).body;
    expect(unhealthy).toHaveLength(100);
    expect(unhealthy[0].name).toBe("spool");
  });
});
