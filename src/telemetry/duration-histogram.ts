// Durations by model in buckets: what Histogram of prom-client shows, without its cost of a text made per observation.
import type { ExportedDurations } from "./exported-series.ts";
import type { Exposed, ExposedValue } from "./exposed-metric.ts";

interface Series {
  model: string;
  /** One per bound and one for all beyond; not cumulative. */
  counts: Float64Array;
  sum: number;
}

export class DurationHistogram implements Exposed {
  readonly name: string;
  readonly help: string;
  readonly type = "histogram";
  /** Seconds, ascending. */
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name;
    this.help = help;
    this.#bounds = bounds;
  }

  observe(model: string, seconds: number): void {
    const series = this.#series.get(model) ?? this.#begin(model);
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && seconds > (bounds[bucket] as number)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] as number) + 1;
    series.sum += seconds;
  }

  /** Adds what another process has observed: seconds, and one count per bound and one for all beyond. */
  add(model: string, sum: number, counts: ArrayLike<number>): void {
    const series = this.#series.get(model) ?? this.#begin(model);
    series.sum += sum;
    for (let bucket = 0; bucket < series.counts.length; bucket++) {
      series.counts[bucket] = (series.counts[bucket] as number) + (counts[bucket] ?? 0);
    }
  }

  export(): ExportedDurations[] {
    const { name } = this;
    return [...this.#series.values()].map(({ model, sum, counts }) => ({ name, model, sum, counts: counts.slice() }));
  }

  values(): readonly ExposedValue[] {
    return [...this.#series.values()].flatMap((series) => this.#valuesOf(series));
  }

  #valuesOf({ model, counts, sum }: Series): ExposedValue[] {
    const values: ExposedValue[] = [];
    let count = 0;
    for (const [bucket, added] of counts.entries()) {
      count += added;
      const labels = { le: this.#bounds[bucket] ?? "+Inf", model };
      values.push({ metricName: `${this.name}_bucket`, labels, value: count });
    }
    values.push({ metricName: `${this.name}_sum`, labels: { model }, value: sum });
    values.push({ metricName: `${this.name}_count`, labels: { model }, value: count });
    return values;
  }

  #begin(model: string): Series {
    const series = { model, counts: new Float64Array(this.#bounds.length + 1), sum: 0 };
    this.#series.set(model, series);
    return series;
  }
}
