// Three processes read as one: what they counted is added up and never lost, what each is made of stands under its name.
import { deserialize, serialize } from "node:v8";
import { describe, expect, test } from "vitest";
import type { SeenDeployment } from "./deployment-metrics.ts";
import type { ExportedSeries, ProcessSeries } from "./exported-series.ts";
import { metricsState } from "./fixtures/metrics-state.ts";
import { requestEvent } from "./fixtures/request-event.ts";
import { Metrics, type MetricsState } from "./metrics.ts";

/** Control, and workers that can be added, replaced and silenced. What they say takes the way through bytes. */
function processes(changes: Partial<MetricsState> = {}) {
  const workers = new Map<string, Metrics>();
  const control = new Metrics(
    metricsState({
      ...changes,
      others: () =>
        Promise.all([...workers].map(async ([process, metrics]) => ({ process, series: crossed(await metrics.exportSeries()) }))),
    }),
  );
  return { control, workers };
}

function crossed(series: ExportedSeries): ExportedSeries {
  return deserialize(serialize(series));
}

/** Values by name and labels as they are written; throws for a line that is none and for one that comes twice. */
function parse(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const match = /^([a-z_][a-z0-9_]*(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})?) (\S+)$/i.exec(line);
    if (match === null) throw new Error(`not a sample: ${line}`);
    const [, series, value] = match as unknown as [string, string, string];
    if (values.has(series)) throw new Error(`twice: ${series}`);
    values.set(series, value === "Nan" ? Number.NaN : Number(value.replace("Inf", "Infinity")));
  }
  return values;
}

const scrape = async (metrics: Metrics) => parse(await metrics.text());
const ok = 'headgate_requests_total{model="m",endpoint="prod",status="200"}';

describe("the metrics of several processes", () => {
  test("counters and histograms are those of one process that has had all calls", async () => {
    const { control, workers } = processes();
    const alone = new Metrics(metricsState());
    workers.set("worker-1", new Metrics(metricsState())).set("worker-2", new Metrics(metricsState()));
    const all = [control, ...workers.values()];
    const names = /^headgate_(requests_total|request_duration_seconds|time_to_first_byte_seconds)/;
    for (let round = 1; round <= 3; round++) {
      for (const [index, metrics] of all.entries()) {
        for (let n = 0; n <= index * round; n++) {
          const event = requestEvent({
            model: `m${n % 2}`,
            status: n % 3 === 0 ? 502 : 200,
            durationMs: 2 ** (n + 4),
            ttftMs: n === 1 ? null : n,
          });
          metrics.observe(event);
          alone.observe(event);
        }
      }
      const [merged, expected] = [await scrape(control), await scrape(alone)];
      const wanted = [...expected].filter(([series]) => names.test(series));
      expect(wanted.length).toBeGreaterThan(40);
      const got = [...merged].filter(([series]) => names.test(series)).map(([series]) => series);
      expect(got.sort()).toEqual(wanted.map(([series]) => series).sort());
      for (const [series, value] of wanted) expect(merged.get(series), series).toBeCloseTo(value, 9);
    }
  });

  test("what a worker counted stays when it is replaced, silent or gone, and nothing counts twice", async () => {
    const { control, workers } = processes();
    const first = new Metrics(metricsState({ unrecorded: () => 3 }));
    workers.set("worker-1", first);
    for (let n = 0; n < 5; n++) first.observe(requestEvent());
    first.deployments.changed("prod", "benched");
    expect((await scrape(control)).get(ok)).toBe(5);

    workers.clear();
    const withoutIt = await scrape(control);
    expect([withoutIt.get(ok), withoutIt.get("headgate_unrecorded_records")]).toEqual([5, 3]);
    workers.set("worker-1", first);
    expect((await scrape(control)).get(ok)).toBe(5);

    const second = new Metrics(metricsState({ unrecorded: () => 1 }));
    workers.set("worker-1", second);
    expect((await scrape(control)).get(ok)).toBe(5);
    second.observe(requestEvent());
    second.deployments.changed("prod", "benched");
    const replaced = await scrape(control);
    expect(replaced.get(ok)).toBe(6);
    expect(replaced.get('headgate_request_duration_seconds_count{model="m"}')).toBe(6);
    expect(replaced.get('headgate_health_transitions_total{endpoint="prod",to="benched"}')).toBe(2);
    expect(replaced.get("headgate_unrecorded_records")).toBe(4);
  });

  test("a worker's last words between scrapes count, once, even when an older answer comes after them", async () => {
    const { control } = processes();
    const worker = new Metrics(metricsState());
    worker.observe(requestEvent());
    const older = await worker.exportSeries();
    worker.observe(requestEvent());
    const last = await worker.exportSeries();
    control.count(last);
    control.count(older);
    control.count(last);
    expect((await scrape(control)).get(ok)).toBe(2);
  });

  test("counters never fall, whatever is scraped while workers come and go", async () => {
    const { control, workers } = processes();
    let before = new Map<string, number>();
    for (let round = 0; round < 12; round++) {
      if (round % 3 === 0) workers.set(`worker-${(round / 3) % 2}`, new Metrics(metricsState({ unrecorded: () => round })));
      if (round % 4 === 3) workers.delete("worker-1");
      for (const metrics of workers.values()) metrics.observe(requestEvent({ status: 200 + (round % 2) }));
      const [now, meanwhile] = await Promise.all([scrape(control), scrape(control)]);
      for (const [series, value] of before) {
        if (!/^headgate_.*(_total|_count|_sum|_bucket|_records)\b/.test(series)) continue;
        expect(now.get(series), series).toBeGreaterThanOrEqual(value);
        expect(meanwhile.get(series), series).toBeGreaterThanOrEqual(value);
      }
      before = now;
    }
    expect(before.size).toBeGreaterThan(40);
  });

  test("gauges add up what is held now; one worker that benches a deployment is enough to show it; the rest is control's", async () => {
    const seen = (changes: Partial<SeenDeployment>): SeenDeployment[] => [
      { endpoint: "prod", upstreamModel: "m", available: true, inFlight: 1, ...changes },
    ];
    const { control, workers } = processes({
      inFlight: () => 1,
      snapshotVersion: () => 7,
      spoolBacklogBytes: () => 100,
      databaseUp: () => false,
      manifests: () => [{ name: "metis", isUp: true, ageSeconds: 1 }],
      deployments: () => seen({ inFlight: 0 }),
    });
    const of = (changes: Partial<MetricsState>) =>
      new Metrics(metricsState({ snapshotVersion: () => 6, spoolBacklogBytes: () => 55, redisUp: () => false, ...changes }));
    workers.set("worker-1", of({ inFlight: () => 4, heldBodyBytes: () => 10, deployments: () => seen({ available: false }) }));
    const other = { endpoint: "spare", upstreamModel: "m", available: true, inFlight: 9 };
    workers.set("worker-2", of({ inFlight: () => 8, heldBodyBytes: () => 30, deployments: () => [...seen({}), other] }));
    const values = await scrape(control);
    const shown = (name: string) => values.get(`headgate_${name}`);
    expect([shown("requests_in_flight"), shown("request_body_bytes_held")]).toEqual([13, 40]);
    expect([shown("snapshot_version"), shown("spool_backlog_bytes"), shown("database_up")]).toEqual([7, 100, 0]);
    expect([shown('manifest_up{manifest="metis"}'), shown("redis_up")]).toEqual([1, undefined]);
    expect(shown('deployment_available{endpoint="prod",upstream_model="m"}')).toBe(0);
    expect(shown('deployment_attempts_in_flight{endpoint="prod",upstream_model="m"}')).toBe(2);
    expect(shown('deployment_available{endpoint="spare",upstream_model="m"}')).toBe(1);
    workers.delete("worker-1");
    const later = await scrape(control);
    expect(later.get("headgate_requests_in_flight")).toBe(9);
    expect(later.get('headgate_deployment_available{endpoint="prod",upstream_model="m"}')).toBe(1);
  });

  test("what a process is made of is told of each, under its name", async () => {
    const { control, workers } = processes();
    workers.set("worker-1", new Metrics(metricsState())).set("worker-2", new Metrics(metricsState()));
    const values = await scrape(control);
    const own = [...values.keys()].filter((series) => /^(process|nodejs)_/.test(series));
    const named = (name: string) => own.filter((series) => series.includes(`process="${name}"`)).length;
    expect(named("control") + named("worker-1") + named("worker-2")).toBe(own.length);
    for (const name of ["control", "worker-1", "worker-2"]) {
      expect(values.get(`process_resident_memory_bytes{process="${name}"}`)).toBeGreaterThan(1e6);
      expect(values.get(`nodejs_heap_space_size_used_bytes{space="new",process="${name}"}`)).toBeGreaterThan(0);
      expect(values.get(`process_start_time_seconds{process="${name}"}`)).toBeGreaterThan(1e9);
    }
  });

  test("labels with quotes, backslashes and line ends stay one label each", async () => {
    const { control, workers } = processes();
    const worker = new Metrics(metricsState());
    workers.set('worker "1"\\', worker);
    const model = 'a"b\\c\nd';
    control.observe(requestEvent({ model }));
    worker.observe(requestEvent({ model }));
    worker.deployments.changed(model, "benched");
    const values = await scrape(control);
    const escaped = 'a\\"b\\\\c\\nd';
    expect(values.get(`headgate_requests_total{model="${escaped}",endpoint="prod",status="200"}`)).toBe(2);
    expect(values.get(`headgate_request_duration_seconds_bucket{le="+Inf",model="${escaped}"}`)).toBe(2);
    expect(values.get(`headgate_health_transitions_total{endpoint="${escaped}",to="benched"}`)).toBe(1);
    expect(values.get('process_resident_memory_bytes{process="worker \\"1\\"\\\\"}')).toBeGreaterThan(1e6);
  });

  test("an exported series stays what it was when counting goes on", async () => {
    const worker = new Metrics(metricsState());
    worker.observe(requestEvent());
    const series: ProcessSeries["series"] = await worker.exportSeries();
    worker.observe(requestEvent());
    expect(series.calls).toEqual([{ model: "m", endpoint: "prod", status: 200, count: 1 }]);
    expect(series.durations.map(({ counts }) => counts.reduce((sum, count) => sum + count))).toEqual([1, 1]);
  });
});
