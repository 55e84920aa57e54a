// What one process has counted and holds at the moment, as plain data that can be sent to the process that shows it.
import type { ExposedValue } from "./exposed-metric.ts";

export interface ExportedCalls {
  model: string;
  endpoint: string;
  status: number;
  count: number;
}

export interface ExportedDurations {
  /** The histogram's. */
  name: string;
  model: string;
  /** Seconds. */
  sum: number;
  /** One per bound and one for all beyond; not cumulative. */
  counts: Float64Array;
}

/** A metric of prom-client's, with its values. */
export interface ExportedMetric {
  name: string;
  help: string;
  type: string;
  /** How values of several processes become one; prom-client's word. */
  aggregator: string;
  values: readonly ExposedValue[];
}

export interface ExportedSeries {
  /** Another one for each run of a process: its counters begin at 0. */
  id: string;
  calls: readonly ExportedCalls[];
  durations: readonly ExportedDurations[];
  metrics: readonly ExportedMetric[];
}

/** `process`: what people call it, such as `worker-1`; one that replaces another has the same name. */
export interface ProcessSeries {
  process: string;
  series: ExportedSeries;
}
