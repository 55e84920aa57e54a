// A metric of our own among prom-client's: counted here, put into text there.
import type { Metric, Registry } from "prom-client";

export interface ExposedValue {
  /** Where it differs from the metric's. */
  metricName?: string;
  labels: Readonly<Record<string, string | number>>;
  value: number;
}

export interface Exposed {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "histogram";
  /** What there is to tell, in order. */
  values(): readonly ExposedValue[];
}

/** Adds `metric` to what `registry` writes when it is scraped. */
export function expose(registry: Registry, metric: Exposed): void {
  const { name, help, type } = metric;
  const get = async () => ({ name, help, type, aggregator: "sum", values: metric.values() });
  // A registry asks no more of a metric than its name and what it has to tell; its types ask for one of the four classes.
  registry.registerMetric({ name, get } as unknown as Metric);
}
