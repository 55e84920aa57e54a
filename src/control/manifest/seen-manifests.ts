// How the manifests are, as /readyz, the metrics and the System page tell it.
import type { Clock } from "../../core/clock.ts";
import type { ManifestState, ManifestStatus } from "./manifest-state.ts";

/** The part of the readiness that is told here. */
interface TellsReadiness {
  partsOf(prefix: string): string[];
  degraded(part: string, detail: string, nowMs: number): void;
  restored(part: string): void;
}

export interface SeenManifest {
  name: string;
  status: ManifestStatus;
  isUp: boolean;
  /** Of the copy in use; null: there is none. */
  ageSeconds: number | null;
}

export class SeenManifests {
  readonly #readiness: TellsReadiness;
  readonly #clock: Clock;
  #states: readonly ManifestState[] = [];

  constructor(readiness: TellsReadiness, clock: Clock) {
    this.#readiness = readiness;
    this.#clock = clock;
  }

  /** `states` are all that there are. */
  show(states: readonly ManifestState[]): void {
    for (const part of this.#readiness.partsOf("manifest:")) {
      if (!states.some(({ name, status }) => part === `manifest:${name}` && status !== "ok")) this.#readiness.restored(part);
    }
    for (const { name, status, sinceMs, lastError } of states) {
      if (status === "ok") continue;
      const what = status === "stale" ? "the last good copy is in use" : "it was never loaded";
      const detail = lastError === null ? what : `${what}: ${lastError.detail}`;
      this.#readiness.degraded(`manifest:${name}`, detail, sinceMs ?? this.#clock.nowMs());
    }
    this.#states = states;
  }

  current(): SeenManifest[] {
    const nowMs = this.#clock.nowMs();
    return this.#states.map(({ name, status, lastSuccessAtMs }) => {
      const ageSeconds = lastSuccessAtMs === null ? null : Math.max(0, Math.floor((nowMs - lastSuccessAtMs) / 1000));
      return { name, status, isUp: status === "ok", ageSeconds };
    });
  }
}
