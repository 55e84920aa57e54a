// How a deployment is, as the data plane sees it from its calls and probes and the admin API shows it.

/** Times in ms. */
export interface SeenHealth {
  status: "unknown" | "healthy" | "benched" | "trial" | "resting";
  /** Why it is not healthy; null when it is. */
  cause: string | null;
  sinceMs: number | null;
  /** When the status ends by itself; null when it doesn't. */
  untilMs: number | null;
  /** Of the last 30 s, from 0 to 1; null without outcomes. */
  failureRatio: number | null;
  latencyMs: number | null;
  inFlight: number;
}
