// What a routing strategy is: given the targets that can take an attempt now, it names one. A file for each beside this.
import type { Target } from "../snapshot.ts";

/** What is known of a deployment's load. */
export interface Load {
  /** Attempts that have not ended. */
  readonly inFlight: number;
  /**
   * The time to a first byte to be expected, ms: the learned latency, or the age of the oldest attempt that still waits
   * for its first byte when that is more. Null while nothing is known.
   */
  expectedMs(nowMs: number): number | null;
}

export interface Candidate {
  readonly target: Target;
  readonly load: Load;
}

export interface PickContext {
  nowMs: number;
  /** From 0 to 1, as Math.random. */
  random: () => number;
  /** What keeps calls together under `affinity`, as a text; null: nothing does. Asked for by that strategy alone. */
  session: () => string | null;
}

export interface Pick {
  candidate: Candidate;
  /** In words, for the ledger: "balanced: least loaded of 2". */
  why: string;
}

/** What a strategy makes of one candidate, for explaining: nothing is drawn and nothing changes. */
export interface Standing {
  /** What the strategy compares; its file says what that is, and whether less or more of it is better. */
  score: number;
  /** The chance of the next call to come here, from 0 to 1. */
  share: number;
}

/** A strategy's standings: one for each candidate, in their order. */
export type Standings = (candidates: readonly Candidate[], context: Omit<PickContext, "random">) => Standing[];

/** Chooses among `candidates`: never empty, none of them tried before by this request, in the model's own order. */
export type Strategy = (candidates: readonly Candidate[], context: PickContext) => Pick;
