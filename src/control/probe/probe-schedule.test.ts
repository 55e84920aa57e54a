// The schedule of probes: when which endpoint is asked and what is reported, on a clock that the tests move, with real endpoints.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import { type Provider, startProvider } from "../../../test/support/provider.ts";
import { seededRandom } from "../../../test/support/random.ts";
import type { EndpointView, ModelView } from "../../domain/snapshot.ts";
import { createLogger } from "../../telemetry/log.ts";
import { canary, endpointView, modelView, probe, target } from "./fixtures/probed-view.ts";
import { type ProbeResult, ProbeSchedule } from "./probe-schedule.ts";

const intervalMs = 30_000;
const anyPath = () => true;
let provider: Provider;
let clock: FakeClock;
let view: { endpoints: EndpointView[]; models: ModelView[] } | null;
let random: () => number;
let reports: (ProbeResult & { id: string })[];
let lines: string[];
let schedule: ProbeSchedule;

beforeAll(async () => {
  provider = await startProvider();
});
beforeEach(() => {
  clock = createFakeClock();
  random = () => 0.5; // no jitter, first round after a twentieth
  reports = [];
  lines = [];
  const log = createLogger({ level: "debug", destination: { write: (line) => lines.push(line) } });
  const report = (id: string, result: ProbeResult) => void reports.push({ id, ...result });
  schedule = new ProbeSchedule({ current: () => view, report, clock, log, random: () => random() });
});
afterEach(async () => {
  await schedule.stop();
  const written = lines.join("") + JSON.stringify(reports);
  provider.reset();
  expect(written).not.toContain(canary);
  expect(written).not.toContain("127.0.0.1");
});
afterAll(() => provider.close());

function endpoint(changes: Partial<EndpointView> = {}): EndpointView {
  return endpointView(`${provider.url}/v1`, { probe: probe("models"), ...changes });
}

/** Waits until `count` timers are pending: every round under way has ended, and the next ones are planned. */
async function settled(count: number): Promise<void> {
  await eventually(() => clock.pending === count, { what: () => `${count} timers instead of ${clock.pending}`, everyMs: 2 });
}

/** The first round of the only endpoint. */
async function firstRound(): Promise<void> {
  schedule.changed();
  await clock.advance(intervalMs / 20);
  await settled(1);
}

const reported = () => reports.map(({ id, ok, cause }) => `${id} ${ok} ${cause}`).toSorted();

test("a model list that comes is good news of every active deployment, once each", async () => {
  const pool = [target("dep_1", "ep_1"), target("dep_2", "ep_1", { upstreamModel: "not-in-the-list" })];
  const others = [target("dep_3", "ep_1", { status: "offline" }), target("dep_4", "ep_2")];
  view = { endpoints: [endpoint()], models: [modelView("a", [...pool, ...others]), modelView("virtual", pool)] };
  await firstRound();
  expect(reported()).toEqual(["dep_1 true models: ok", "dep_2 true models: ok"]);
  expect(reports[0]?.latencyMs).toBeGreaterThanOrEqual(0);
  expect(provider.requests).toHaveLength(1);
});

test.each([
  [500, "http 500"],
  [401, "http 401"],
])("a model list refused with %i is bad news of all of them", async (status, cause) => {
  provider.on(anyPath, () => ({ kind: "answer", status, body: `no ${canary}` }));
  view = { endpoints: [endpoint()], models: [modelView("a", [target("dep_1", "ep_1"), target("dep_2", "ep_1")])] };
  await firstRound();
  expect(reported()).toEqual([`dep_1 false models: ${cause}`, `dep_2 false models: ${cause}`]);
});

test("a provider without a model list is not faulted, until it has given one", async () => {
  provider.on(anyPath, () => ({ kind: "answer", status: 404, body: "" }));
  view = { endpoints: [endpoint()], models: [modelView("a", [target("dep_1", "ep_1")])] };
  await firstRound();
  expect(reports).toEqual([]);
  provider.reset();
  await clock.advance(intervalMs);
  await settled(1);
  provider.on(anyPath, () => ({ kind: "answer", status: 404, body: "" }));
  await clock.advance(intervalMs);
  await settled(1);
  expect(reported()).toEqual(["dep_1 false models: http 404", "dep_1 true models: ok"]);
});

test("a completion probe asks each deployment by its upstream model and reports each for itself", async () => {
  const models = [
    modelView("a", [target("dep_1", "ep_1"), target("dep_2", "ep_1"), target("dep_3", "ep_1", { status: "disabled" })]),
  ];
  view = { endpoints: [endpoint({ probe: probe("completion") })], models: [...models, ...models] };
  provider.on(anyPath, (request) => (request.json?.model === "model-of-dep_2" ? { kind: "answer", status: 503 } : undefined));
  await firstRound();
  expect(reported()).toEqual(["dep_1 true completion: ok", "dep_2 false completion: http 503"]);
  expect(provider.calls.map(({ json }) => json?.model).toSorted()).toEqual(["model-of-dep_1", "model-of-dep_2"]);
});

test("a model that the question does not fit is neither good nor bad, and mentioned once", async () => {
  provider.on(anyPath, () => ({ kind: "answer", status: 400, body: `not with ${canary}` }));
  const models = [modelView("embed", [target("dep_1", "ep_1")])];
  view = { endpoints: [endpoint({ probe: probe("completion") })], models };
  await firstRound();
  await clock.advance(intervalMs);
  await settled(1);
  expect(provider.calls).toHaveLength(2);
  expect(reports).toEqual([]);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: "debug", deployment_id: "dep_1", cause: "http 400" }]);
});

test("hanging: bad news at the time limit, one round at a time, the next a whole interval later", async () => {
  provider.next({ kind: "hang", at: "before_headers" }, { match: anyPath });
  const endpoints = [endpoint({ probe: probe("models", { timeoutMs: 3000 }) })];
  view = { endpoints, models: [modelView("a", [target("dep_1", "ep_1")])] };
  schedule.changed();
  await clock.advance(intervalMs / 20);
  await provider.waitForRequest({ match: anyPath });
  await clock.advance(10 * intervalMs);
  schedule.changed();
  await clock.advance(10 * intervalMs);
  expect(provider.requests).toHaveLength(1);
  await settled(1);
  expect(reported()).toEqual(["dep_1 false models: timeout"]);
  await eventually(() => provider.openConnections === 0, { what: "the end of the connection" });
  await clock.advance(intervalMs - 1);
  expect(provider.requests).toHaveLength(1);
  await clock.advance(1);
  await settled(1);
  expect(reports.at(-1)).toMatchObject({ id: "dep_1", ok: true });
});

test("the first round comes within a tenth of the interval, the others at the interval ± 10 %", async () => {
  const seed = Date.now() % 2 ** 32;
  random = seededRandom(seed);
  const startMs = clock.nowMs();
  const startedAtMs: number[] = [];
  view = { endpoints: [endpoint()], models: [modelView("a", [target("dep_1", "ep_1")])] };
  schedule.changed();
  for (let round = 1; round <= 40; round++) {
    while (provider.requests.length < round && clock.nowMs() < startMs + round * 2 * intervalMs) {
      await clock.advance(100);
      // A timer that fired is replaced when its round has ended.
      await settled(1);
      if (provider.requests.length > startedAtMs.length) startedAtMs.push(clock.nowMs());
    }
  }
  expect(startedAtMs, `seed ${seed}`).toHaveLength(40);
  expect((startedAtMs[0] as number) - startMs, `seed ${seed}`).toBeLessThanOrEqual(intervalMs / 10 + 100);
  const gapsMs = startedAtMs.slice(1).map((atMs, index) => atMs - (startedAtMs[index] as number));
  expect(Math.min(...gapsMs), `seed ${seed}`).toBeGreaterThanOrEqual(0.9 * intervalMs - 100);
  expect(Math.max(...gapsMs), `seed ${seed}`).toBeLessThanOrEqual(1.1 * intervalMs + 100);
  expect(Math.max(...gapsMs) - Math.min(...gapsMs), `seed ${seed}`).toBeGreaterThan(0.05 * intervalMs);
});

test("endpoints without a probe, and those of no snapshot, are left alone", async () => {
  view = null;
  schedule.changed();
  expect(clock.pending).toBe(0);
  view = { endpoints: [endpoint({ probe: null })], models: [modelView("a", [target("dep_1", "ep_1")])] };
  schedule.changed();
  await clock.advance(10 * intervalMs);
  expect(clock.pending).toBe(0);
  expect(provider.requests).toEqual([]);
});

test("a change elsewhere moves no endpoint's time; an edited one begins anew", async () => {
  view = { endpoints: [endpoint()], models: [modelView("a", [target("dep_1", "ep_1")])] };
  await firstRound();
  await clock.advance(intervalMs / 2);
  view = { endpoints: [endpoint(), endpoint({ id: "ep_2", probe: null })], models: [modelView("a", [target("dep_9", "ep_1")])] };
  schedule.changed();
  await clock.advance(intervalMs / 2 - 1);
  expect(provider.requests).toHaveLength(1);
  await clock.advance(1);
  await settled(1);
  expect(reported()).toEqual(["dep_1 true models: ok", "dep_9 true models: ok"]);
  view = { ...view, endpoints: [endpoint({ version: 2 })] };
  schedule.changed();
  expect(clock.pending).toBe(1);
  await clock.advance(intervalMs / 20);
  await settled(1);
  expect(provider.requests).toHaveLength(3);
  view = { ...view, endpoints: [endpoint({ version: 2, probe: probe("completion", { intervalMs: 2 * intervalMs }) })] };
  schedule.changed();
  await clock.advance(intervalMs / 10);
  await settled(1);
  expect(provider.calls).toHaveLength(1);
  await clock.advance(2 * intervalMs - 1);
  expect(provider.calls).toHaveLength(1);
});

test("a removed endpoint is asked no more: told, or found out when its time comes", async () => {
  const models = [modelView("a", [target("dep_1", "ep_1"), target("dep_2", "ep_2")])];
  view = { endpoints: [endpoint(), endpoint({ id: "ep_2", name: "endpoint-2" })], models };
  schedule.changed();
  view = { ...view, endpoints: [endpoint()] };
  schedule.changed();
  expect(clock.pending).toBe(1);
  view = { ...view, endpoints: [] };
  await clock.advance(10 * intervalMs);
  expect(clock.pending).toBe(0);
  expect(provider.requests).toEqual([]);
  expect(reports).toEqual([]);
});

test("the round of an endpoint that goes is given up and not reported; a deployment that goes is not either", async () => {
  provider.on(anyPath, () => [{ hang: true }]);
  const models = [modelView("a", [target("dep_1", "ep_1"), target("dep_2", "ep_2"), target("dep_3", "ep_2")])];
  // Time enough to see the one connection end before the other does.
  const staying = endpoint({ id: "ep_2", name: "endpoint-2", probe: probe("models", { timeoutMs: 4000 }) });
  view = { endpoints: [endpoint(), staying], models };
  schedule.changed();
  await clock.advance(intervalMs / 20);
  await eventually(() => provider.requests.length === 2, { what: "two requests" });
  view = { endpoints: [staying], models: [modelView("a", [target("dep_3", "ep_2")])] };
  schedule.changed();
  await eventually(() => provider.openConnections === 1, { what: "the end of the removed endpoint's connection" });
  expect(reports).toEqual([]);
  await settled(1);
  expect(reported()).toEqual(["dep_3 false models: timeout"]);
});

test("at most 16 questions at once, 4 of them to one endpoint, and every one gets its turn", async () => {
  const waiting: (() => void)[] = [];
  provider.on(anyPath, () => new Promise((resolve) => waiting.push(() => resolve(undefined))));
  const ids = (count: number) => Array.from({ length: count }, (_, index) => index);
  const endpoints = ids(6).map((index) => endpoint({ id: `ep_${index}`, name: `endpoint-${index}`, probe: probe("completion") }));
  const targets = endpoints.flatMap(({ id }) => ids(6).map((index) => target(`${id}_dep_${index}`, id)));
  view = { endpoints, models: [modelView("a", targets)] };
  schedule.changed();
  await clock.advance(intervalMs / 20);
  const perEndpoint = () => {
    const counts = new Map<string, number>();
    for (const { json } of provider.calls.filter(({ outcome }) => outcome === null)) {
      const id = /ep_\d/.exec(String(json?.model))?.[0] as string;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return [...counts.values()];
  };
  let most = 0;
  for (let answered = 0; answered < 36; answered++) {
    const expected = Math.min(36, answered + 16);
    // The last of an endpoint's questions leave slots empty that only other endpoints could fill.
    await eventually(() => provider.calls.length === expected || (answered > 16 && waiting.length > 0), {
      what: "the next question",
    });
    most = Math.max(most, provider.calls.length - answered);
    expect(Math.max(...perEndpoint())).toBeLessThanOrEqual(4);
    waiting.shift()?.();
  }
  expect(most).toBe(16);
  await settled(6);
  expect(new Set(reports.map(({ id }) => id)).size).toBe(36);
});

test("a consumer that throws does not end the schedule", async () => {
  const log = createLogger({ level: "debug", destination: { write: (line) => lines.push(line) } });
  let calls = 0;
  const report = () => {
    calls++;
    throw new Error("no room");
  };
  const throwing = new ProbeSchedule({ current: () => view, report, clock, log, random: () => 0.5 });
  view = { endpoints: [endpoint()], models: [modelView("a", [target("dep_1", "ep_1")])] };
  throwing.changed();
  await clock.advance(intervalMs / 20);
  await settled(1);
  await clock.advance(intervalMs);
  await settled(1);
  expect(calls).toBe(2);
  expect(lines.join("")).toContain("could not be reported");
  await throwing.stop();
});

test("stopping gives up what is under way and starts no more", async () => {
  provider.on(anyPath, () => [{ hang: true }]);
  view = { endpoints: [endpoint()], models: [modelView("a", [target("dep_1", "ep_1")])] };
  schedule.changed();
  await clock.advance(intervalMs / 20);
  await provider.waitForRequest({ match: anyPath });
  await schedule.stop();
  await eventually(() => provider.openConnections === 0, { what: "the end of the connection" });
  schedule.changed();
  await clock.advance(10 * intervalMs);
  expect(clock.pending).toBe(0);
  expect(reports).toEqual([]);
  expect(provider.requests).toHaveLength(1);
});

test("a wall clock that is put back puts off no round", async () => {
  let backMs = 0;
  const shifted = { ...clock, nowMs: () => clock.nowMs() - backMs };
  const report = (id: string, result: ProbeResult) => void reports.push({ id, ...result });
  const log = createLogger({ level: "debug", destination: { write: (line) => lines.push(line) } });
  const onShifted = new ProbeSchedule({ current: () => view, report, clock: shifted, log, random: () => 0.5 });
  view = { endpoints: [endpoint()], models: [modelView("a", [target("dep_1", "ep_1")])] };
  onShifted.changed();
  await clock.advance(intervalMs / 20);
  backMs = 3_600_000;
  await settled(1);
  await clock.advance(intervalMs);
  await settled(1);
  expect(reports).toHaveLength(2);
  await onShifted.stop();
});

test("an interval longer than a timer can hold is kept", async () => {
  const monthMs = 30 * 86_400_000;
  const endpoints = [endpoint({ probe: probe("models", { intervalMs: monthMs }) })];
  view = { endpoints, models: [modelView("a", [target("dep_1", "ep_1")])] };
  random = () => 0.5;
  schedule.changed();
  await clock.advance(monthMs / 20);
  await settled(1);
  await clock.advance(monthMs - 1);
  expect(provider.requests).toHaveLength(1);
  await clock.advance(1);
  await settled(1);
  expect(provider.requests).toHaveLength(2);
});
