// What a request draws on, and why it has to wait.
import type { Limits } from "./limits.ts";

/** One allowance that a request draws on. */
export interface RateCharge {
  /** Whose it is: `key:key_…`, `user:usr_…`, `group:grp_…`, `model:mdl_…`. */
  subject: string;
  limits: Limits;
}

export interface RateRefusal {
  charge: RateCharge;
  limit: "requests_per_second" | "requests_per_minute";
  /** Until the request would be admitted, were nobody else to come. */
  retryAfterMs: number;
}
