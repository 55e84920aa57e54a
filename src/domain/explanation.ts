// Where a call would go, and why: asked through the admin API, answered by the gateway without calling anyone.
import type { Charge } from "./allowance.ts";
import type { Strategy } from "./pool.ts";
import type { SeenHealth } from "./seen-health.ts";
import type { DeploymentStatus } from "./snapshot.ts";
import type { Timeouts } from "./timeouts.ts";

export interface ExplainQuestion {
  model: string;
  /** Whose call it is. Null, and `userId` too: a caller who may use every model. */
  keyId: string | null;
  /** In place of `keyId`: a user, with a token of its own. */
  userId: string | null;
  /** As in a request line: "/v1/chat/completions". */
  path: string;
  /** The very text that a caller sends, its `model` included; null: none is looked at. */
  body: string | null;
  /** `x-headgate-session`. */
  session: string | null;
  /** `x-headgate-no-fallback`. */
  noFallback: boolean;
  /** `x-headgate-timeout`, ms; null: not sent. */
  timeoutMs: number | null;
}

/** A target of the model, in the model's order: those that calls can't go to are there too. */
export interface ExplainedCandidate {
  deploymentId: string;
  endpointId: string;
  endpoint: string;
  upstreamModel: string;
  status: DeploymentStatus;
  reason: string | null;
  sinceMs: number;
  weight: number;
  priority: number;
  /** Null: no call or probe has met it. */
  health: SeenHealth | null;
  /** For this call. */
  timeouts: Timeouts & { firstByteMs: number };
  /** It is among those that the first attempt is given to now. */
  eligible: boolean;
  /** In words. */
  why: string;
  /** What the strategy compares, see there; null: it does not compare this one now. */
  score: number | null;
  /** The chance of the first attempt, from 0 to 1. */
  share: number;
  /** Which attempt it would get if all before it failed at once, 1 first; of the likeliest course. Null: none. */
  order: number | null;
}

export interface ExplainedRouting {
  kind: "pool" | "virtual";
  strategy: Strategy;
  /** What keeps the call with others under `affinity`; null: nothing, or another strategy. */
  session: string | null;
  /** For this call, with its targets and wishes as they are. */
  maxAttempts: number;
  /** When the call is over whatever its attempts do, ms from its arrival. */
  callMs: number;
  candidates: readonly ExplainedCandidate[];
  /** `left`: how many more the model's retry budget allows now. */
  retries: { left: number; onTimeout: boolean };
  /** `delayMs` null: there is none, and `why` says why not. `left`: how many more the model's share of them allows now. */
  hedge: { delayMs: number | null; left: number; why: string };
}

export type ExplainedDecision =
  /** A deployment is called; with a share below 1 it is the likeliest. */
  | { outcome: "attempt"; candidate: ExplainedCandidate; why: string }
  /** Something in the call says where it goes, whatever the model's candidates. */
  | { outcome: "elsewhere"; why: string }
  | { outcome: "error"; status: number; code: string; message: string; retryAfterSeconds: number | null };

export interface Explanation {
  model: string;
  access: { allowed: boolean; why: string };
  /** Those that the call is held to, all of them. */
  limits: readonly Charge[];
  /** Null: there is no such model. */
  routing: ExplainedRouting | null;
  decision: ExplainedDecision;
}
