// How many replicas there are, and what this one does for all of them.
import { Gauge, type Registry } from "prom-client";

export interface ReplicaState {
  /** This one included. */
  alive: number;
  leasesHeld: number;
  /** Whether it hears the others at once; without, it looks every second. */
  isListening: boolean;
  /** How often it read the whole configuration since the start. */
  reloads: number;
}

export function registerReplicaMetrics(registry: Registry, state: () => ReplicaState): void {
  const gauge = (name: string, help: string, read: (state: ReplicaState) => number) =>
    new Gauge({
      name,
      help,
      aggregator: "omit",
      registers: [registry],
      collect() {
        this.set(read(state()));
      },
    });
  gauge("headgate_replicas", "Processes alive on this database, as this one sees them.", ({ alive }) => alive);
  gauge("headgate_work_leases_held", "Scheduled works that this process does for all.", ({ leasesHeld }) => leasesHeld);
  gauge("headgate_replica_listening", "1 while changes at other replicas are heard at once.", ({ isListening }) => +isListening);
  gauge(
    "headgate_snapshot_full_reloads",
    "Times that the whole configuration was read since the start.",
    ({ reloads }) => reloads,
  );
}
