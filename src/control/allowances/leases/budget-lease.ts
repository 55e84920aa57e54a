// This process's part of what one subject may spend in one period of its budget.
import type { Hold, Lease, LeaseContext } from "./lease.ts";
import type { BudgetAsk, BudgetGrant, LeaseAsk, LeaseGrant } from "./lease-authority.ts";

/** A slice that nobody took from for so long goes back. */
const idleMs = 250;
/** What a slice is to last for. */
const sliceMs = 1000;
/** How long a refusal stands without asking again. */
const refusalMs = 100;
/** What others spend shows here so often, while this process spends too. */
const repeatMs = 1000;
const activeMs = 60_000;

const noAsk = {
  kind: "budget",
  generation: "",
  isReported: false,
  spent: 0,
  reserved: 0,
  want: 0,
  opens: null,
  reconciles: null,
} as const;

export interface BudgetPeriod {
  startMs: number;
  endMs: number | null;
}

export class BudgetLease implements Lease {
  readonly key: string;
  readonly subject: string;
  readonly period: BudgetPeriod;
  readonly #context: LeaseContext;
  #limit = 0;
  #slice = 0;
  #reserved = 0;
  /** Settled here, in the count of this generation of the account; and since this process began. */
  #spent = 0;
  #spentEver = 0;
  #generation = "";
  #isReported = false;
  #reportedSpent = 0;
  #reportedHeld = 0;
  /** What the authority said last of all processes together, and what of it was this one's. */
  #known: { total: number; own: number } | null = null;
  #ledger: number | null = null;
  /** To be sent with the next batch. */
  #opens: { ledger: number; generation: string } | null = null;
  /** Settled since the ledger was last known to have everything, and in the time before that. */
  #recent = 0;
  #recentBefore = 0;
  #takenAt = 0;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #refusedAmount = 0;
  #refusedLimit = 0;
  #refusedUntil = 0;
  /** Nano-dollars taken in this second, and in the last one. */
  #secondStartedAt = 0;
  #taken = 0;
  #takenBefore = 0;
  /** Of all processes, when the authority answered last; of this one, what it had been told. */
  #spentThen = 0;

  /** `knownSpent`: what is known to have been spent without asking (0: the period began under this process's eyes); null: nothing is known. */
  constructor(key: string, subject: string, period: BudgetPeriod, context: LeaseContext, knownSpent: number | null) {
    this.key = key;
    this.subject = subject;
    this.period = period;
    this.#context = context;
    this.#ledger = knownSpent;
    if (knownSpent !== null) this.#spentThen = knownSpent;
  }

  /** Of all processes, as far as it is known here. */
  get spentByAll(): number {
    return Math.max(0, this.#spentThen + this.#spent - this.#reportedSpent);
  }

  /** Slices and calls under way of all processes. */
  get heldByAll(): number {
    return Math.max(0, this.#claimed - this.spentByAll);
  }

  /** Spent or set aside by all processes, but for this one's slice. */
  get #claimed(): number {
    const own = this.#spent + this.#reserved;
    return this.#known === null ? this.spentByAll + this.#reserved : this.#known.total - this.#known.own + own;
  }

  set limit(limit: number) {
    this.#limit = limit;
  }

  get isAskable(): boolean {
    return this.#generation !== "" || this.#opens !== null;
  }

  /** What the ledger says was spent: the account is made with it. */
  open(ledger: number, generation: string): void {
    this.#ledger = ledger;
    if (this.#generation !== "") return;
    this.#opens = { ledger, generation };
    const spent = this.#recent + this.#recentBefore;
    if (this.#known !== null) this.#known.own += spent - this.#spent;
    this.#spent = spent;
    this.#isReported = false;
    this.#reportedSpent = spent;
    if (this.#known === null) this.#spentThen = Math.max(this.#spentThen, ledger + spent);
    this.#context.isDirty(this);
  }

  /** All that was settled before the last call of this is in the ledger. */
  caughtUp(): void {
    this.#recentBefore = this.#recent;
    this.#recent = 0;
  }

  takeHere(amount: number): Hold | null {
    if (amount === 0) return this.#hold(0);
    if (this.#slice < amount) return null;
    // It may have been lowered since the slice was granted.
    if (this.#claimed + amount > this.#limit) return null;
    this.#slice -= amount;
    return this.#hold(amount);
  }

  takeShare(amount: number, isGuess: boolean): Hold | null {
    if (amount === 0) return this.#hold(0);
    const left = this.#shareLeft();
    const taken = Math.min(amount, left);
    if (taken < (isGuess ? 1 : amount)) return null;
    this.#slice = Math.max(0, this.#slice - taken);
    return this.#hold(taken);
  }

  takeGranted(amount: number): Hold {
    this.#reportedHeld += amount;
    if (this.#known !== null) this.#known.own += amount;
    return this.#hold(amount);
  }

  unused(): void {
    this.#reportedHeld = Number.NaN;
    this.#context.isDirty(this);
  }

  refusedForMs(amount: number): number {
    const isKnown =
      this.#context.monotonicMs() < this.#refusedUntil && amount >= this.#refusedAmount && this.#limit <= this.#refusedLimit;
    return isKnown ? Number.POSITIVE_INFINITY : 0;
  }

  refused(amount: number): void {
    this.#refusedAmount = amount;
    this.#refusedLimit = this.#limit;
    this.#refusedUntil = this.#context.monotonicMs() + refusalMs;
  }

  shareWaitMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  ask(isWanted: boolean): BudgetAsk {
    this.#slice = 0;
    const opens = this.#generation === "" ? this.#opens : null;
    return {
      kind: "budget",
      key: this.key,
      limit: this.#limit,
      generation: this.#generation,
      isReported: this.#isReported,
      spent: this.#spent,
      reserved: this.#reserved,
      want: isWanted ? Math.ceil(this.#wanted()) : 0,
      opens,
      reconciles: null,
      isLook: false,
    };
  }

  /** Looks at what all have spent. */
  look(): BudgetAsk {
    return { ...noAsk, key: this.key, limit: this.#limit, isLook: true };
  }

  answered(ask: LeaseAsk, grant: LeaseGrant): void {
    const asked = ask as BudgetAsk;
    const { isKnown, slice, spent, held, generation } = grant as BudgetGrant;
    if (!isKnown) {
      this.#generation = "";
      this.#opens = null;
      this.#isReported = false;
      return;
    }
    this.#generation = generation;
    this.#opens = null;
    this.#refusedUntil = 0;
    this.#isReported = true;
    this.#reportedSpent = asked.spent;
    this.#slice += slice;
    this.#reportedHeld = asked.reserved + slice;
    this.#known = { total: spent + held, own: asked.spent + this.#reportedHeld };
    this.#answeredAt = this.#context.monotonicMs();
    this.#spentThen = spent;
    this.#context.isDirty(this);
  }

  unanswered(): void {
    this.#context.isDirty(this);
  }

  forgotten(): void {
    this.#generation = "";
    this.#opens = null;
    this.#isReported = false;
    this.#slice = 0;
    this.#context.isDirty(this);
  }

  needsReport(): boolean {
    if (!this.isAskable) return false;
    if (this.#opens !== null) return true;
    const nowMs = this.#context.monotonicMs();
    if (this.#slice > 0 && nowMs - this.#takenAt >= idleMs) return true;
    if (nowMs - this.#answeredAt < repeatMs) return false;
    return this.isWatched;
  }

  get isWatched(): boolean {
    if (!this.isAskable) return false;
    if (this.#slice > 0 || this.#reserved > 0 || this.#opens !== null) return true;
    const isSaid = this.#isReported && this.#spent === this.#reportedSpent && this.#reportedHeld === 0;
    return !isSaid || this.#context.monotonicMs() - this.#takenAt < activeMs;
  }

  isIdle(): boolean {
    return !this.isWatched && this.#slice === 0 && this.#reserved === 0 && this.#recent + this.#recentBefore === 0;
  }

  #hold(amount: number): Hold {
    this.#reserved += amount;
    this.#count(amount);
    return {
      undo: () => this.#release(amount, 0),
      settle: (used) => this.#release(amount, used),
    };
  }

  #release(amount: number, used: number): void {
    this.#reserved -= amount;
    this.#spent += used;
    this.#spentEver += used;
    this.#recent += used;
    // What is left of it may be spent again without asking; what was used beyond it is taken from the slice.
    if (!this.#context.isAway && this.isAskable) this.#slice = Math.max(0, this.#slice + amount - used);
    this.#refusedUntil = 0;
    this.#context.isDirty(this);
  }

  /** What may still be taken while nobody can be asked: of what was left when the authority was last heard, this process's share. */
  #shareLeft(): number {
    const { processes } = this.#context;
    const own = this.#spent + this.#reserved;
    const ofLimit = Math.floor(this.#limit / processes) - this.#spentEver - this.#reserved;
    if (this.#known !== null) {
      const { total, own: ownThen } = this.#known;
      const left = Math.max(0, Math.floor((this.#limit - total) / processes));
      // Its slice was counted as taken.
      return Math.min(Math.max(ofLimit, this.#slice), ownThen + left - own);
    }
    // Where nothing is known of what was spent before the start, only what is spent now counts.
    const left = Math.max(0, Math.floor((this.#limit - (this.#ledger ?? 0)) / processes));
    return Math.min(ofLimit, left - this.#spentEver - this.#reserved);
  }

  #count(amount: number): void {
    const nowMs = this.#context.monotonicMs();
    if (amount > 0) this.#takenAt = nowMs;
    const passed = nowMs - this.#secondStartedAt;
    if (passed >= sliceMs) {
      this.#takenBefore = passed < 2 * sliceMs ? this.#taken : 0;
      this.#taken = 0;
      this.#secondStartedAt = nowMs;
    }
    this.#taken += amount;
  }

  #wanted(): number {
    this.#count(0);
    return Math.max(this.#taken, this.#takenBefore);
  }
}
