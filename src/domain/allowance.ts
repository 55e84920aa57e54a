// What a call draws on, what it takes of it, and why it has to wait.
import type { Limits } from "./limits.ts";

/** One holder of limits that a call draws on. */
export interface Charge {
  /** Whose they are: `key:key_…`, `user:usr_…`, `group:grp_…`, `model:mdl_…`. */
  subject: string;
  limits: Limits;
}

/** What a call may take at most: an upper estimate, replaced by the real figures when it is over. */
export interface Demand {
  /** All of these have to admit it. */
  charges: readonly Charge[];
  /** Of several groups the budget of this one alone counts; as a subject: `group:grp_…`. */
  payer: string;
  /** Input, and the output that the caller allows or that calls of the model usually have. */
  tokens: number;
  /** What those tokens cost, whole nano-dollars; null: the model has no price. */
  costNanoUsd: number | null;
  /**
   * True when the caller states no maximum of output, so that the estimate of it is a guess: then it is enough that something is left, and all that is
   * left is taken, up to the estimate. One that states its maximum is admitted only when all of it fits.
   */
  isGuess: boolean;
}

/** What a call has used, all its attempts together. */
export interface Used {
  tokens: number;
  costNanoUsd: number;
}

export type RateLimitName = "requests_per_second" | "requests_per_minute" | "tokens_per_minute" | "concurrent_requests";

/** Of the tightest of the limits of a kind that a call was held to. */
export interface RateStanding {
  limit: number;
  /** Once the call has been admitted, or refused. */
  remaining: number;
  /** Until all of the limit is there again, were nobody else to come, ms. */
  resetMs: number;
}

/** For the rate-limit headers of the answer; null: not limited. */
export interface Standing {
  requests: RateStanding | null;
  tokens: RateStanding | null;
}

export const noStanding: Standing = { requests: null, tokens: null };

interface RefusedByRate {
  kind: "rate";
  charge: Charge;
  limit: RateLimitName;
  /** Until the call would be admitted, were nobody else to come; null: it never would, it wants more than the limit. Of concurrent requests: a guess. */
  retryAfterMs: number | null;
  standing: Standing;
}

interface RefusedByBudget {
  kind: "budget";
  charge: Charge;
  spentNanoUsd: number;
  /** For calls under way. */
  reservedNanoUsd: number;
  /** When the period is over, ms since the Unix epoch; null: never. */
  resetsAtMs: number | null;
  standing: Standing;
}

/** The model has no price, and this budget does not allow that. */
interface RefusedUnpriced {
  kind: "unpriced";
  charge: Charge;
  standing: Standing;
}

export type Refusal = RefusedByRate | RefusedByBudget | RefusedUnpriced;

/** What a call has been admitted with. */
export interface Reservation {
  kind: "reserved";
  standing: Standing;
  /** When the call is over, once: gives back what it did not use, and books what it used. */
  settle(used: Used, nowMs: number): void;
}
