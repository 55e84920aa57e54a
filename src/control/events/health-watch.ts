// Notices what time alone changes about deployments (a bench is over, a rest has ended), while somebody wants to know.
import type { Clock, Timer } from "../../core/clock.ts";

export interface HealthWatchOptions {
  clock: Clock;
  /** Whether anybody wants to know. */
  isWatched(): boolean;
  /** The deployments that are not simply ready, and what they are. */
  conditions(): Iterable<readonly [deploymentId: string, condition: string]>;
  onChange(): void;
}

const everyMs = 1000;

/** Returns what ends it. */
export function watchHealth({ clock, isWatched, conditions, onChange }: HealthWatchOptions): () => void {
  /** Null: nobody has looked lately. */
  let before: Map<string, string> | null = null;
  let timer: Timer;
  const look = () => {
    timer = clock.after(everyMs, look);
    if (!isWatched()) {
      before = null;
      return;
    }
    const now = new Map(conditions());
    if (before !== null && isDifferent(before, now)) onChange();
    before = now;
  };
  timer = clock.after(everyMs, look);
  return () => timer.cancel();
}

function isDifferent(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): boolean {
  if (before.size !== now.size) return true;
  for (const [id, condition] of now) if (before.get(id) !== condition) return true;
  return false;
}
