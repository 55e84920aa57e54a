// What a process and the authority over allowances say to each other: one batch there, one answer back, wherever the authority is.

/** Units of a window that leave together: `slot` says when, in the window's own count of time. */
export type SlotUnits = readonly [slot: number, units: number];

/** A sliding window of requests or tokens of one subject. */
export interface WindowAsk {
  kind: "window";
  /** Names it for all processes. */
  key: string;
  windowMs: number;
  /** The grain of time in which units leave; they leave up to one slot late, never early. */
  slotMs: number;
  limit: number;
  /** What this process has admitted in the window: beyond its share of the limit it gets nothing while others may not have reported yet. */
  own: number;
  /** Beyond what the calls of the batch need: what is likely to be needed within `lifeMs`. */
  want: number;
  /** How long a slice may be spent from: its units count until that long and a window after the grant. */
  lifeMs: number;
  /** Units of earlier grants that were not used. */
  givenBack: readonly SlotUnits[];
  /** Units admitted without asking, with how long ago, ms: counted, whatever the limit. */
  booked: readonly (readonly [ageMs: number, units: number])[];
}

/** Calls at the same time, of one subject. */
export interface ConcurrencyAsk {
  kind: "concurrency";
  key: string;
  limit: number;
  /** Of this process, at the moment; all that it was granted before and does not name here is free. */
  used: number;
  want: number;
  /** Only looked at: nothing is changed. */
  isLook: boolean;
}

/** The spending of one subject in one period of its budget; nano-dollars. All figures are this process's own and absolute, so that repeating them changes nothing. */
export interface BudgetAsk {
  kind: "budget";
  key: string;
  limit: number;
  /** Which making of the account `spent` is counted from; "": unknown to this process. */
  generation: string;
  /** Whether the authority has confirmed a report of this generation. */
  isReported: boolean;
  spent: number;
  /** Of calls under way; what it was granted beyond that is given back. */
  reserved: number;
  want: number;
  /** Makes the account where there is none (or another generation): what the ledger says was spent, and a name for the generation. */
  opens: { ledger: number; generation: string } | null;
  /** Sets it right by the ledger, which was read after `version` was answered, at `markedAt`. */
  reconciles: { ledger: number; version: number; isQuiet: boolean; markedAt: number } | null;
  isLook: boolean;
}

export type LeaseAsk = WindowAsk | ConcurrencyAsk | BudgetAsk;

/** What one call needs of one of the batch's asks. */
export interface CallNeed {
  /** Its place in `asks`. */
  ask: number;
  amount: number;
  /** Then anything above 0 will do, up to the amount. */
  isGuess: boolean;
}

export interface LeaseBatch {
  processId: string;
  /** Rises with each batch of a process: one that arrives after a later one is ignored. */
  sequence: number;
  /** The last one that was answered: an authority that does not know of it has lost what it knew since. */
  acknowledged: number;
  /** Since that one was sent, by a clock that is never set; null: there was none. */
  elapsedMs: number | null;
  /** Of the authority's memory, as last told; "": never. */
  incarnation: string;
  /** How many processes this one last knew of. */
  processes: number;
  /** All that this process had written to its spool is in the ledger; null: this batch is no heartbeat. */
  hasCaughtUp: boolean | null;
  /** An answer that comes later than this after the batch was sent is not used. */
  deadlineMs: number;
  /** This process has worked alone: others may have too, and not have said so yet. For 3 s nobody gets more than its share. */
  wasAway: boolean;
  /** It takes no calls: it is not one of those that share. */
  isObserver: boolean;
  asks: readonly LeaseAsk[];
  /** All that a call needs is granted, or nothing of it. */
  calls: readonly (readonly CallNeed[])[];
}

export interface WindowGrant {
  kind: "window";
  /** Of the slice beyond what the calls needed. */
  slice: number;
  sliceSlot: number;
  /** Of what the calls needed. */
  slot: number;
  /** Counted at the moment, of all processes, grants included. */
  total: number;
  /** Until all of them have left, ms. */
  emptyInMs: number;
}

export interface ConcurrencyGrant {
  kind: "concurrency";
  slice: number;
  total: number;
}

export interface BudgetGrant {
  kind: "budget";
  /** False: there is no such account, or of another generation; nothing was granted or refused by it. */
  isKnown: boolean;
  slice: number;
  /** Of all processes. */
  spent: number;
  /** Of all processes: slices and calls under way. */
  held: number;
  generation: string;
  version: number;
  /** Nobody has spent for a while, and the ledger has all of it. */
  isQuiet: boolean;
}

export type LeaseGrant = WindowGrant | ConcurrencyGrant | BudgetGrant;

/** Amounts in the order of the call's needs, or those that refuse with how long they will, ms (budgets: 0; not before anything changes: Infinity). */
export type CallAnswer =
  | { granted: true; amounts: readonly number[] }
  | { granted: false; refusals: readonly { ask: number; waitMs: number }[] };

export type LeaseAnswer =
  /** It has lost what it knew, or has not met this process: nothing was done. All that counts has to be reported again. */
  | { kind: "unknown"; incarnation: string; processes: number }
  /** A later batch was there before. */
  | { kind: "stale" }
  | {
      kind: "done";
      processes: number;
      /** The authority's time. */
      atMs: number;
      grants: readonly LeaseGrant[];
      calls: readonly CallAnswer[];
    };

/** Whoever counts for all processes. */
export interface LeaseAuthority {
  /** One round trip. Rejects when the authority is away, or has not answered within `deadlineMs`. */
  refill(batch: LeaseBatch): Promise<LeaseAnswer>;
  /** What a process that is gone for good had set aside is free once the ledger has been read again. */
  forget(processId: string): Promise<void>;
  close(): Promise<void>;
}
