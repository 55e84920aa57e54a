// What the tightest of a call's limits leave its caller, for the headers of the answer.
import type { RateStanding } from "../../domain/allowance.ts";
import type { SlidingWindow } from "./sliding-window.ts";

/** The tighter of `so far` and this window: the one with less left; of equals the one that is full again later. `window` null: nothing is counted. */
export function tighter(
  soFar: RateStanding | null,
  limit: number | null,
  window: SlidingWindow | null,
  nowMs: number,
): RateStanding | null {
  if (limit === null) return soFar;
  const remaining = Math.max(0, limit - (window?.total(nowMs) ?? 0));
  if (soFar !== null && remaining > soFar.remaining) return soFar;
  const resetMs = Math.max(0, (window?.emptyAtMs ?? 0) - nowMs);
  return soFar !== null && remaining === soFar.remaining && resetMs <= soFar.resetMs ? soFar : { limit, remaining, resetMs };
}
