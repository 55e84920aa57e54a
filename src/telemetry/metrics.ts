// Prometheus metrics. Labels come only from the configuration (models, endpoints) and fixed lists, so series are bounded.
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { RequestEvent } from "../gateway/ports.ts";
import { CallCounter } from "./call-counter.ts";
import { DeploymentMetrics, type SeenDeployment } from "./deployment-metrics.ts";
import { DurationHistogram } from "./duration-histogram.ts";
import { expose } from "./exposed-metric.ts";
import { registerManifestMetrics, type SeenManifest } from "./manifest-metrics.ts";

/** What gauges read when they are scraped. */
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
  deployments(): Iterable<SeenDeployment>;
  manifests(): Iterable<SeenManifest>;
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

  readonly deployments: DeploymentMetrics;

  constructor(state: MetricsState) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    for (const metric of [this.#requests, this.#duration, this.#ttft]) expose(this.#registry, metric);
    registerManifestMetrics(this.#registry, state.manifests);
    this.deployments = new DeploymentMetrics(this.#registry, state.deployments);
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    gauge("headgate_requests_in_flight", "Calls in progress.", state.inFlight);
    gauge("headgate_request_body_bytes_held", "Bytes of request bodies in memory.", state.heldBodyBytes);
    gauge("headgate_spool_backlog_bytes", "Ledger records that the database does not have yet.", state.spoolBacklogBytes);
    gauge("headgate_unrecorded_records", "Ledger records that could not be kept.", state.unrecorded);
    gauge(
      "headgate_kept_bodies_waiting_bytes",
      "Bytes of bodies to be kept that the database does not have yet.",
      () => state.bodies().heldBytes,
    );
    gauge("headgate_kept_bodies_dropped", "Calls whose bodies were to be kept, and are not.", () => state.bodies().dropped);
    gauge("headgate_snapshot_version", "Version of the configuration that calls are served from.", state.snapshotVersion);
    gauge("headgate_snapshot_age_seconds", "Seconds since that configuration was published.", state.snapshotAgeSeconds);
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

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
