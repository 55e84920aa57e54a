// What all three kinds of lease have in common: units are taken here while the slice lasts, or asked for.
import type { Charge, RateLimitName } from "../../../domain/allowance.ts";
import type { LeaseAsk, LeaseGrant } from "./lease-authority.ts";

/** What the leases of a process know of the authority. */
export interface LeaseContext {
  /** Never goes back; ms. */
  monotonicMs(): number;
  /** True: nobody is asked, every process works from its share. */
  readonly isAway: boolean;
  /** How many processes share, as last known; at least 1. */
  readonly processes: number;
  /** Asking costs next to nothing: what one call gave back had better be free for the others' next one than be kept for this process's. */
  readonly isNear: boolean;
  /** The same as `isDirty`, and it is told at the end of this turn. */
  tellSoon(lease: Lease): void;
  /** The lease has something to tell the authority, or to give back, when it is convenient. */
  isDirty(lease: Lease): void;
}

/** What one call took of one lease. */
export interface Hold {
  /** It was not admitted after all. */
  undo(): void;
  /** It is over. */
  settle(used: number): void;
}

export type LimitName = RateLimitName | "budget";

/** What a call needs of one lease, and whose that is. */
export interface Need {
  lease: Lease;
  charge: Charge;
  limit: LimitName;
  amount: number;
  isGuess: boolean;
}

export interface Lease {
  readonly key: string;
  /** False: the authority has no account for it yet, so that this process works from its share. */
  readonly isAskable: boolean;
  /** Takes it from the slice; null: that does not suffice, so the authority has to be asked. */
  takeHere(amount: number, isGuess: boolean): Hold | null;
  /** Takes it from this process's share; null: that is used up. */
  takeShare(amount: number, isGuess: boolean): Hold | null;
  /** What the authority has just granted to a call. */
  takeGranted(amount: number, grant: LeaseGrant): Hold;
  /** The same for a call that has given up waiting. */
  unused(amount: number, grant: LeaseGrant): void;
  /** How long it is known to be of no use to ask, ms; 0: ask. Infinity: until something changes. */
  refusedForMs(amount: number, isGuess: boolean): number;
  refused(amount: number, waitMs: number): void;
  /** How long until the share would do, ms. */
  shareWaitMs(amount: number, isGuess: boolean): number;
  /** Gives up the slice and says what there is to say; the answer, or `unanswered`, follows. `isWanted`: calls wait for it. */
  ask(isWanted: boolean): LeaseAsk;
  answered(ask: LeaseAsk, grant: LeaseGrant): void;
  unanswered(ask: LeaseAsk): void;
  /** The authority has lost what it knew: all that counts is to be said again. */
  forgotten(): void;
  /** Whether there is something to say, to give back, or to keep alive at the authority: now, or (`isWatched`) before long. */
  needsReport(): boolean;
  readonly isWatched: boolean;
  /** Nothing of it counts any more. */
  isIdle(): boolean;
}
