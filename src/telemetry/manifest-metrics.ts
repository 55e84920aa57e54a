// Metrics of manifests: whether the last fetch of each succeeded, and how old its copy is.
import { Gauge, type Registry } from "prom-client";

export interface SeenManifest {
  name: string;
  /** False while the last fetch failed, or none ever succeeded. */
  isUp: boolean;
  /** Of the copy in use; null: there is none. */
  ageSeconds: number | null;
}

export function registerManifestMetrics(registry: Registry, manifests: () => Iterable<SeenManifest>): void {
  const gauge = (name: string, help: string, value: (seen: SeenManifest) => number | null) =>
    new Gauge({
      name,
      help,
      aggregator: "omit",
      labelNames: ["manifest"],
      registers: [registry],
      collect() {
        // Those that are gone from the configuration leave.
        this.reset();
        for (const seen of manifests()) {
          const shown = value(seen);
          if (shown !== null) this.set({ manifest: seen.name }, shown);
        }
      },
    });
  gauge("headgate_manifest_up", "1 while the last fetch of a manifest succeeded.", ({ isUp }) => (isUp ? 1 : 0));
  gauge("headgate_manifest_age_seconds", "Seconds since a manifest was last had.", ({ ageSeconds }) => ageSeconds);
}
