// The processes of this Headgate: this one, and the workers that it knows of.
import type { SystemState } from "../../../api/system.ts";
import { formatTime } from "../../../api/time.ts";

type ProcessView = SystemState["processes"][number];

export interface SeenProcess {
  role: ProcessView["role"];
  /** As in the log: `control`, `worker-1`. */
  name: string;
  pid: number;
  startedAtMs: number;
  /** Null: it serves none, or nothing is known yet. */
  callsInFlight: number | null;
  /** Null: it has none yet. */
  snapshotVersion: number | null;
}

/** By role, then by name. */
export function presentProcesses(seen: readonly SeenProcess[]): ProcessView[] {
  const views = seen.map(({ role, name, pid, startedAtMs, callsInFlight, snapshotVersion }) => ({
    name,
    role,
    pid,
    started_at: formatTime(startedAtMs),
    calls_in_flight: callsInFlight,
    config_version: snapshotVersion,
  }));
  const order = (view: ProcessView) => [view.role, ...view.name.split("-").map((part) => part.padStart(4, "0"))].join(" ");
  return views.sort((one, other) => (order(one) < order(other) ? -1 : 1));
}
