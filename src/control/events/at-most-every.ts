// Holds back what happens too often to be told each time.
import type { Clock } from "../../core/clock.ts";

/** `tell` at once, then once at the end of each `everyMs` in which it was called again. */
export function atMostEvery(everyMs: number, clock: Clock, tell: () => void): () => void {
  let isResting = false;
  let isAsked = false;
  const told = () => {
    tell();
    isResting = true;
    clock.after(everyMs, () => {
      isResting = false;
      if (!isAsked) return;
      isAsked = false;
      told();
    });
  };
  return () => {
    if (isResting) isAsked = true;
    else told();
  };
}
