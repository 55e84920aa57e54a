// Waits until what earlier processes left in the spool is in the database.
import type { Clock } from "../../core/clock.ts";

const lookEveryMs = 10;

/** Resolves then, or after `timeoutMs`: true, or false. */
export function untilCaughtUp(writer: { readonly hasCaughtUp: boolean }, clock: Clock, timeoutMs: number): Promise<boolean> {
  const untilMs = clock.nowMs() + timeoutMs;
  return new Promise((resolve) => {
    const look = () => {
      if (writer.hasCaughtUp || clock.nowMs() >= untilMs) return resolve(writer.hasCaughtUp);
      clock.after(lookEveryMs, look);
    };
    look();
  });
}
