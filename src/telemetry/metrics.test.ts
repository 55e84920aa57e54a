// What is scraped reads as prom-client's own counters and histograms would write it.
import fc from "fast-check";
import { Counter, Histogram, Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import type { RequestEvent } from "../gateway/ports.ts";
import { metricsState } from "./fixtures/metrics-state.ts";
import { requestEvent } from "./fixtures/request-event.ts";
import { Metrics } from "./metrics.ts";

const state = metricsState({
  inFlight: () => 3,
  heldBodyBytes: () => 4096,
  snapshotVersion: () => 7,
  snapshotAgeSeconds: () => 1.5,
  manifests: () => [
    { name: "metis", isUp: true, ageSeconds: 12 },
    { name: "spare", isUp: false, ageSeconds: null },
  ],
  deployments: () => [
    { endpoint: "prod", upstreamModel: "m", available: true, inFlight: 2 },
    { endpoint: "spare", upstreamModel: "m", available: false, inFlight: 0 },
  ],
});

/** The text of the named metrics, each with its help and type. */
async function textOf(metrics: { text(): Promise<string> }, names: readonly string[]): Promise<string> {
  const parts = (await metrics.text()).trimEnd().split("\n\n");
  return names.map((name) => parts.find((part) => part.startsWith(`# HELP ${name} `)) ?? `${name} is missing`).join("\n\n");
}

/** The same by prom-client's own means. */
function reference() {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "headgate_requests_total",
    help: "Calls by model, endpoint and status.",
    labelNames: ["model", "endpoint", "status"],
    registers,
  });
  const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
  const duration = new Histogram({
    name: "headgate_request_duration_seconds",
    help: "Time from a call's arrival to its last byte.",
    labelNames: ["model"],
    buckets,
    registers,
  });
  const ttft = new Histogram({
    name: "headgate_time_to_first_byte_seconds",
    help: "Time from a call's arrival to the first byte of the endpoint's answer.",
    labelNames: ["model"],
    buckets,
    registers,
  });
  return {
    observe({ model, endpoint, status, durationMs, ttftMs }: RequestEvent) {
      requests.inc({ model: model ?? "", endpoint: endpoint ?? "", status: String(status) });
      if (endpoint === null) return;
      duration.observe({ model: model ?? "" }, durationMs / 1000);
      if (ttftMs !== null) ttft.observe({ model: model ?? "" }, ttftMs / 1000);
    },
    text: () => registry.metrics(),
  };
}

const counted = ["headgate_requests_total", "headgate_request_duration_seconds", "headgate_time_to_first_byte_seconds"];

describe("Metrics", () => {
  test("counts and histograms are those of prom-client, to the byte", async () => {
    const name = fc.option(fc.oneof(fc.constantFrom("a", 'b"\\\n', "__proto__", "1"), fc.string({ unit: "grapheme" })));
    const ms = fc.oneof(fc.nat(1_000_000), fc.constantFrom(0, 5, 10, 25, 600_000), fc.double({ noNaN: true, min: -1, max: 1e9 }));
    const calls = fc.array(
      fc.record({
        model: name,
        endpoint: name,
        status: fc.constantFrom(200, 401, 429, 499, 502),
        durationMs: ms,
        ttftMs: fc.option(ms),
      }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(calls, async (changes) => {
        const metrics = new Metrics(state);
        const expected = reference();
        for (const change of changes) {
          metrics.observe(requestEvent(change));
          expected.observe(requestEvent(change));
        }
        expect(await textOf(metrics, counted)).toBe((await expected.text()).trimEnd());
      }),
      { numRuns: 50 },
    );
  });

  test("a scrape shows what was counted since the last one", async () => {
    const metrics = new Metrics(state);
    metrics.observe(requestEvent());
    await metrics.text();
    metrics.observe(requestEvent({ durationMs: 7000, ttftMs: null }));
    const text = await metrics.text();
    expect(text).toContain('headgate_requests_total{model="m",endpoint="prod",status="200"} 2\n');
    expect(text).toContain('headgate_request_duration_seconds_bucket{le="5",model="m"} 1\n');
    expect(text).toContain('headgate_request_duration_seconds_bucket{le="10",model="m"} 2\n');
    expect(text).toContain('headgate_request_duration_seconds_bucket{le="+Inf",model="m"} 2\n');
    expect(text).toContain('headgate_request_duration_seconds_sum{model="m"} 7.04\n');
    expect(text).toContain('headgate_time_to_first_byte_seconds_count{model="m"} 1\n');
  });

  test("a call that reached no endpoint is counted, and is no duration", async () => {
    const metrics = new Metrics(state);
    metrics.observe(requestEvent({ model: null, endpoint: null, status: 401, ttftMs: null }));
    const text = await metrics.text();
    expect(text).toContain('headgate_requests_total{model="",endpoint="",status="401"} 1\n');
    expect(text).not.toContain("headgate_request_duration_seconds_bucket");
  });

  test("gauges and the process's own metrics are in the same text", async () => {
    const text = await new Metrics(state).text();
    expect(text).toContain("headgate_requests_in_flight 3\n");
    expect(text).toContain("headgate_snapshot_age_seconds 1.5\n");
    expect(text).toContain("headgate_database_up 1\n");
    expect(text).toContain("process_cpu_seconds_total ");
  });
});

test("deployments show whether they can take calls, and how often that changed", async () => {
  const metrics = new Metrics(state);
  metrics.deployments.changed("spare", "benched");
  const text = await metrics.text();
  expect(text).toContain('headgate_deployment_available{endpoint="prod",upstream_model="m"} 1\n');
  expect(text).toContain('headgate_deployment_available{endpoint="spare",upstream_model="m"} 0\n');
  expect(text).toContain('headgate_deployment_attempts_in_flight{endpoint="prod",upstream_model="m"} 2\n');
  expect(text).toContain('headgate_health_transitions_total{endpoint="spare",to="benched"} 1\n');
});
