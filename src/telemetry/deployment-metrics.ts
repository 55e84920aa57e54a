// Metrics of deployments: which can take calls, how much they have to do, and how often that changed.
import { Counter, Gauge, type Registry } from "prom-client";

/** A deployment that has had calls or probes. */
export interface SeenDeployment {
  endpoint: string;
  upstreamModel: string;
  /** False while it is benched or rests. */
  available: boolean;
  inFlight: number;
}

export class DeploymentMetrics {
  readonly #transitions: Counter<"endpoint" | "to">;

  constructor(registry: Registry, deployments: () => Iterable<SeenDeployment>) {
    const registers = [registry];
    const labelNames = ["endpoint", "upstream_model"];
    const gauge = (name: string, help: string, aggregator: "min" | "sum", value: (seen: SeenDeployment) => number) =>
      new Gauge({
        name,
        help,
        aggregator,
        labelNames,
        registers,
        collect() {
          // Those that are gone from the configuration leave.
          this.reset();
          for (const seen of deployments()) {
            this.set({ endpoint: seen.endpoint, upstream_model: seen.upstreamModel }, value(seen));
          }
        },
      });
    // Each worker benches by itself: one that does is what an alarm is for.
    gauge("headgate_deployment_available", "0 while a deployment is benched or rests.", "min", ({ available }) => +available);
    gauge("headgate_deployment_attempts_in_flight", "Attempts in progress at a deployment.", "sum", ({ inFlight }) => inFlight);
    this.#transitions = new Counter({
      name: "headgate_health_transitions_total",
      help: "Changes of deployments' health, by endpoint and new status.",
      labelNames: ["endpoint", "to"],
      registers,
    });
  }

  /** A deployment of `endpoint` changed its status. */
  changed(endpoint: string, to: string): void {
    this.#transitions.inc({ endpoint, to });
  }
}
