// The metrics of several processes as one text: counters that only grow, gauges added up, each process's own figures under its name.
import { type Metric, Registry } from "prom-client";
import type { CallCounter } from "./call-counter.ts";
import { CountedGrowth } from "./counted-growth.ts";
import type { DurationHistogram } from "./duration-histogram.ts";
import type { ExportedMetric, ExportedSeries, ProcessSeries } from "./exported-series.ts";
import type { ExposedValue } from "./exposed-metric.ts";

/** What a metric in a registry has to tell, whichever of prom-client's classes it is. */
interface Readable {
  name: string;
  get(): Promise<ExportedMetric>;
}

export interface MergedMetricsOptions {
  /** This process's. */
  registry: Registry;
  /** This process's name among the others. */
  process: string;
  /** Those of the registry that take in what others have counted. */
  calls: CallCounter;
  durations: readonly DurationHistogram[];
}

/** Metrics of the process itself: their sums say little. */
const isOfProcess = (name: string) => /^(process|nodejs)_/.test(name);

/** Gauges that only grow: what a process that ended had counted stays in their sum. */
const growingGauges = new Set(["headgate_unrecorded_records", "headgate_kept_bodies_dropped"]);

const isTotal = ({ name, type }: ExportedMetric) =>
  !isOfProcess(name) && (type === "counter" || type === "histogram" || growingGauges.has(name));

const combinations: Record<string, (a: number, b: number) => number> = { sum: (a, b) => a + b, min: Math.min, max: Math.max };

export class MergedMetrics {
  readonly #options: MergedMetricsOptions;
  readonly #growth = new CountedGrowth();
  /** What other processes have counted, by metric and labels. */
  readonly #totals = new Map<string, Map<string, ExposedValue>>();

  constructor(options: MergedMetricsOptions) {
    this.#options = options;
  }

  /** What this process has to add to a merge elsewhere. */
  async export(id: string): Promise<ExportedSeries> {
    const { calls, durations } = this.#options;
    const metrics = await Promise.all(this.#plainMetrics().map((metric) => metric.get()));
    return {
      id,
      calls: calls.export(),
      durations: durations.flatMap((histogram) => histogram.export()),
      metrics: metrics
        .filter(({ name, aggregator }) => isOfProcess(name) || aggregator in combinations)
        .map(({ name, help, type, aggregator, values }) => ({
          name,
          help,
          type,
          aggregator,
          values: values.map(({ metricName, labels, value }) => ({ metricName, labels: { ...labels }, value })),
        })),
    };
  }

  /** Adds what a process has counted since it was last asked. */
  count(series: ExportedSeries): void {
    const grown = this.#growth.of(series.id);
    for (const { model, endpoint, status, count } of series.calls) {
      const [added] = grown(JSON.stringify([model, endpoint, status]), [count]) as unknown as [number];
      this.#options.calls.add(model, endpoint, status, added);
    }
    for (const { name, model, sum, counts } of series.durations) {
      const histogram = this.#options.durations.find((own) => own.name === name);
      const [addedSum, ...addedCounts] = grown(JSON.stringify([name, model]), [sum, ...counts]);
      histogram?.add(model, addedSum as number, addedCounts);
    }
    for (const metric of series.metrics.filter(isTotal)) this.#addTotals(metric, grown);
  }

  async text(others: readonly ProcessSeries[]): Promise<string> {
    for (const { series } of others) this.count(series);
    this.#growth.endRound();
    const merged = new Registry();
    const show = (metric: Readable) => merged.registerMetric(metric as unknown as Metric);
    const exposed = new Set(this.#exposedNames());
    for (const metric of metricsOf(this.#options.registry)) {
      show(exposed.has(metric.name) ? metric : fixed(this.#merge(await metric.get(), others, this.#options.process)));
      exposed.add(metric.name);
    }
    // Those that only others have.
    for (const { series } of others) {
      for (const metric of series.metrics) {
        if (exposed.has(metric.name)) continue;
        exposed.add(metric.name);
        show(fixed(this.#merge({ ...metric, values: [] }, others, this.#options.process)));
      }
    }
    return merged.metrics();
  }

  #merge(own: ExportedMetric, others: readonly ProcessSeries[], process: string): ExportedMetric {
    if (isTotal(own)) return { ...own, values: combine([...own.values, ...this.#totalsOf(own.name).values()], "sum") };
    const theirs = others.map((other) => ({
      process: other.process,
      values: other.series.metrics.find(({ name }) => name === own.name)?.values ?? [],
    }));
    if (isOfProcess(own.name)) {
      const all = [{ process, values: own.values }, ...theirs];
      return { ...own, values: all.flatMap((each) => each.values.map((value) => labelled(value, each.process))) };
    }
    if (!(own.aggregator in combinations)) return own;
    return { ...own, values: combine([...own.values, ...theirs.flatMap(({ values }) => values)], own.aggregator) };
  }

  #addTotals(metric: ExportedMetric, grown: (key: string, numbers: ArrayLike<number>) => Float64Array): void {
    const totals = this.#totalsOf(metric.name);
    for (const value of metric.values) {
      const key = keyOf(value);
      const [added] = grown(`${metric.name} ${key}`, [value.value]) as unknown as [number];
      totals.set(key, { ...value, value: (totals.get(key)?.value ?? 0) + added });
    }
  }

  #totalsOf(name: string): Map<string, ExposedValue> {
    const totals = this.#totals.get(name) ?? new Map<string, ExposedValue>();
    this.#totals.set(name, totals);
    return totals;
  }

  #exposedNames(): string[] {
    return [this.#options.calls, ...this.#options.durations].map(({ name }) => name);
  }

  #plainMetrics(): Readable[] {
    const exposed = this.#exposedNames();
    return metricsOf(this.#options.registry).filter(({ name }) => !exposed.includes(name));
  }
}

function metricsOf(registry: Registry): Readable[] {
  return registry.getMetricsAsArray() as unknown as Readable[];
}

function fixed(metric: ExportedMetric): Readable {
  return { name: metric.name, get: async () => metric };
}

function labelled(value: ExposedValue, process: string): ExposedValue {
  return { ...value, labels: { ...value.labels, process } };
}

/** One value for each name and labels, in the order in which they first come. */
function combine(values: readonly ExposedValue[], aggregator: string): ExposedValue[] {
  const combination = combinations[aggregator] as (a: number, b: number) => number;
  const combined = new Map<string, ExposedValue>();
  for (const value of values) {
    const key = keyOf(value);
    const before = combined.get(key);
    combined.set(key, before === undefined ? value : { ...before, value: combination(before.value, value.value) });
  }
  return [...combined.values()];
}

function keyOf({ metricName = "", labels }: ExposedValue): string {
  const names = Object.keys(labels).sort();
  return JSON.stringify([metricName, ...names.flatMap((name) => [name, String(labels[name])])]);
}
