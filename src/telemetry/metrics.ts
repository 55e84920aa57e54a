// Prometheus metrics. Labels come only from the configuration (models, endpoints) and fixed lists, so series are bounded.
import { randomUUID } from "node:crypto";
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { RequestEvent } from "../gateway/ports.ts";
import { CallCounter } from "./call-counter.ts";
import { DeploymentMetrics, type SeenDeployment } from "./deployment-metrics.ts";
import { DurationHistogram } from "./duration-histogram.ts";
import type { ExportedSeries, ProcessSeries } from "./exported-series.ts";
import { expose } from "./exposed-metric.ts";
import { registerManifestMetrics, type SeenManifest } from "./manifest-metrics.ts";
import { MergedMetrics } from "./merged-metrics.ts";
import { type ReplicaState, registerReplicaMetrics } from "./replica-metrics.ts";
import { ShedCounter } from "./shed-counter.ts";

/** What gauges read when they are scraped; of this process alone, where there are others. */
export interface MetricsState {
  inFlight(): number;
  heldBodyBytes(): number;
  spoolBacklogBytes(): number;
  unrecorded(): number;
  /** Of those that are to be kept: bytes that wait for the database, and calls whose bodies did not fit. */
  bodies(): { readonly heldBytes: number; readonly dropped: number };
  snapshotVersion(): number;
  snapshotAgeSeconds(): number;
  databaseUp(): boolean;
  /** Null: none is configured. */
  redisUp?(): boolean | null;
  deployments(): Iterable<SeenDeployment>;
  manifests(): Iterable<SeenManifest>;
  /** Left out: nobody wants to know. */
  replicas?(): ReplicaState;
  /** The metrics of the workers that answer in time; asked on each scrape. Left out: there is only this process. */
  others?(): Promise<readonly ProcessSeries[]>;
}

/** Upper bounds of the histograms' buckets, seconds. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new CallCounter("headgate_requests_total", "Calls by model, endpoint and status.");
  readonly #duration = new DurationHistogram(
    "headgate_request_duration_seconds",
    "Time from a call's arrival to its last byte.",
    bounds,
  );
  readonly #ttft = new DurationHistogram(
    "headgate_time_to_first_byte_seconds",
    "Time from a call's arrival to the first byte of the endpoint's answer.",
    bounds,
  );

  /** Calls for which there was no room. */
  readonly shed = new ShedCounter();
  readonly deployments: DeploymentMetrics;
  readonly #state: MetricsState;
  readonly #id: string = randomUUID();
  readonly #merged = new MergedMetrics({
    registry: this.#registry,
    process: "control",
    calls: this.#requests,
    durations: [this.#duration, this.#ttft],
  });

  constructor(state: MetricsState) {
    this.#state = state;
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    for (const metric of [this.#requests, this.#duration, this.#ttft, this.shed]) expose(this.#registry, metric);
    registerManifestMetrics(this.#registry, state.manifests);
    if (state.replicas !== undefined) registerReplicaMetrics(this.#registry, () => state.replicas?.() as ReplicaState);
    this.deployments = new DeploymentMetrics(this.#registry, state.deployments);
    const gauge = (name: string, help: string, read: () => number, aggregator: "sum" | "omit" = "omit") =>
      new Gauge({
        name,
        help,
        aggregator,
        registers,
        collect() {
          this.set(read());
        },
      });
    gauge("headgate_requests_in_flight", "Calls in progress.", state.inFlight, "sum");
    gauge("headgate_request_body_bytes_held", "Bytes of request bodies in memory.", state.heldBodyBytes, "sum");
    gauge("headgate_spool_backlog_bytes", "Ledger records that the database does not have yet.", state.spoolBacklogBytes);
    gauge("headgate_unrecorded_records", "Ledger records that could not be kept.", state.unrecorded, "sum");
    gauge(
      "headgate_kept_bodies_waiting_bytes",
      "Bytes of bodies to be kept that the database does not have yet.",
      () => state.bodies().heldBytes,
      "sum",
    );
    const droppedHelp = "Calls whose bodies were to be kept, and are not.";
    gauge("headgate_kept_bodies_dropped", droppedHelp, () => state.bodies().dropped, "sum");
    gauge("headgate_snapshot_version", "Version of the configuration that calls are served from.", state.snapshotVersion);
    gauge("headgate_snapshot_age_seconds", "Seconds since that configuration was published.", state.snapshotAgeSeconds);
    if ((state.redisUp?.() ?? null) !== null) {
      const help = "1 while Redis answers in time; 0: limits and budgets are held to this process's share.";
      gauge("headgate_redis_up", help, () => (state.redisUp?.() === false ? 0 : 1));
    }
    gauge("headgate_database_up", "1 while the database answers.", () => (state.databaseUp() ? 1 : 0));
  }

  observe(event: RequestEvent): void {
    // A model is set only once it was found in the configuration: a caller's typing error makes no series.
    const model = event.model ?? "";
    this.#requests.count(model, event.endpoint ?? "", event.status);
    if (event.endpoint === null) return;
    this.#duration.observe(model, event.durationMs / 1000);
    if (event.ttftMs !== null) this.#ttft.observe(model, event.ttftMs / 1000);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /**
   * What this process has counted and holds, for the process that shows the metrics of all. It can be sent as it is
   * (structured clone), and stays what it was when counting goes on.
   */
  exportSeries(): Promise<ExportedSeries> {
    return this.#merged.export(this.#id);
  }

  /** Adds what another process has counted since its last series: one that ends may send a last one between scrapes. */
  count(series: ExportedSeries): void {
    this.#merged.count(series);
  }

  /** Where there are others: counters and histograms of all together, which never fall when one ends, and gauges added up. */
  async text(): Promise<string> {
    const others = this.#state.others;
    if (others === undefined) return this.#registry.metrics();
    return this.#merged.text(await others.call(this.#state));
  }
}
