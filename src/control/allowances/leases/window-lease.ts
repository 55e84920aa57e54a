// This process's part of a sliding window of requests or tokens.
import type { RateStanding } from "../../../domain/allowance.ts";
import type { Hold, Lease, LeaseContext } from "./lease.ts";
import type { LeaseAsk, LeaseGrant, SlotUnits, WindowAsk, WindowGrant } from "./lease-authority.ts";
import { OwnTally } from "./own-tally.ts";

export interface WindowKind {
  windowMs: number;
  slotMs: number;
  lifeMs: number;
}

/** Why the sum of what is admitted never exceeds the limit: docs/redis.md. */
export const secondWindow: WindowKind = { windowMs: 1000, slotMs: 10, lifeMs: 50 };
export const minuteWindow: WindowKind = { windowMs: 60_000, slotMs: 100, lifeMs: 1000 };

/** How long a refusal stands without asking again: others may have given something back meanwhile. */
const refusalMs = 50;

export class WindowLease implements Lease {
  readonly key: string;
  readonly isAskable = true;
  readonly #kind: WindowKind;
  readonly #context: LeaseContext;
  #limit = 0;
  /** Units left, when they leave the window, and until when they may be spent. */
  #slice = 0;
  #sliceSlot = 0;
  #sliceEndsAt = 0;
  readonly #back = new Map<number, number>();
  readonly #own: OwnTally;
  /** Of these, those that the authority has not counted. */
  #unbooked: OwnTally | null = null;
  /** What others had counted when the authority answered last. */
  #others = 0;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #emptyAt = 0;
  #refusedAmount = 0;
  #refusedLimit = 0;
  #refusedUntil = 0;
  #freeAt = 0;
  /** Units taken in this life of a slice, and in the last one. */
  #lifeStartedAt = 0;
  #taken = 0;
  #takenBefore = 0;
  #askedAt = 0;

  constructor(key: string, kind: WindowKind, context: LeaseContext) {
    this.key = key;
    this.#kind = kind;
    this.#context = context;
    this.#own = new OwnTally(kind.windowMs);
  }

  set limit(limit: number) {
    this.#limit = limit;
  }

  takeHere(amount: number): Hold | null {
    const nowMs = this.#context.monotonicMs();
    if (amount === 0) return this.#hold(0, null, nowMs);
    if (this.#slice < amount) return null;
    if (nowMs >= this.#sliceEndsAt || this.#own.total(nowMs) + amount > this.#limit) return null;
    this.#slice -= amount;
    return this.#hold(amount, this.#sliceSlot, nowMs);
  }

  takeShare(amount: number, isGuess: boolean): Hold | null {
    const nowMs = this.#context.monotonicMs();
    const here = this.takeHere(amount);
    if (here !== null) return here;
    const left = this.#shareLeft(nowMs);
    if (amount > 0 && left < (isGuess ? 1 : amount)) return null;
    return this.#hold(Math.min(amount, left), null, nowMs);
  }

  takeGranted(amount: number, grant: LeaseGrant): Hold {
    // They were taken for others' until now.
    this.#others = Math.max(0, this.#others - amount);
    return this.#hold(amount, (grant as WindowGrant).slot, this.#context.monotonicMs());
  }

  unused(amount: number, grant: LeaseGrant): void {
    this.#giveBack(amount, (grant as WindowGrant).slot);
  }

  refusedForMs(amount: number): number {
    const nowMs = this.#context.monotonicMs();
    const isKnown = nowMs < this.#refusedUntil && amount >= this.#refusedAmount && this.#limit <= this.#refusedLimit;
    return isKnown ? Math.max(1, this.#freeAt - nowMs) : 0;
  }

  refused(amount: number, waitMs: number): void {
    const nowMs = this.#context.monotonicMs();
    this.#refusedAmount = amount;
    this.#refusedLimit = this.#limit;
    this.#refusedUntil = nowMs + Math.min(refusalMs, waitMs);
    this.#freeAt = nowMs + waitMs;
  }

  shareWaitMs(amount: number, isGuess: boolean): number {
    const nowMs = this.#context.monotonicMs();
    const most = this.#shareLimit(nowMs) - (isGuess ? 1 : amount);
    if (most >= 0) return Math.max(1, this.#own.waitMs(most, nowMs));
    // More than the share: when the others' figures are old, or the authority is back.
    return Math.max(1, Math.min(this.#kind.windowMs, this.#answeredAt + this.#kind.windowMs - nowMs));
  }

  ask(isWanted: boolean): WindowAsk {
    const nowMs = this.#context.monotonicMs();
    // Calls that wait have found too little in it; else it may still be spent from.
    if (isWanted) this.#giveBackSlice();
    this.#askedAt = nowMs;
    const { windowMs, slotMs, lifeMs } = this.#kind;
    const booked = this.#unbooked?.aged(nowMs) ?? [];
    this.#unbooked = null;
    const givenBack: SlotUnits[] = [...this.#back];
    this.#back.clear();
    const want = isWanted ? Math.ceil(this.#wanted(nowMs)) : 0;
    return {
      kind: "window",
      key: this.key,
      windowMs,
      slotMs,
      limit: this.#limit,
      own: this.#own.total(nowMs),
      want,
      lifeMs,
      givenBack,
      booked,
    };
  }

  answered(_ask: LeaseAsk, grant: LeaseGrant): void {
    const { slice, sliceSlot, total, emptyInMs } = grant as WindowGrant;
    const nowMs = this.#context.monotonicMs();
    this.#emptyAt = nowMs + emptyInMs;
    this.#others = Math.max(0, total - slice - this.#slice - this.#own.total(nowMs));
    this.#answeredAt = nowMs;
    if (slice === 0) return;
    this.#giveBackSlice();
    this.#slice = slice;
    this.#sliceSlot = sliceSlot;
    // From when it was asked for: it was granted after that.
    this.#sliceEndsAt = this.#askedAt + this.#kind.lifeMs;
    this.#context.isDirty(this);
  }

  /** What was given back may still be counted: that errs on the strict side. What was to be counted may not be. */
  unanswered(ask: LeaseAsk): void {
    const { booked } = ask as WindowAsk;
    for (const [ageMs, units] of booked) this.#unbook(units, this.#askedAt - ageMs);
  }

  forgotten(): void {
    const nowMs = this.#context.monotonicMs();
    this.#slice = 0;
    this.#back.clear();
    this.#unbooked = null;
    for (const [ageMs, units] of this.#own.aged(nowMs)) this.#unbook(units, nowMs - ageMs);
  }

  needsReport(): boolean {
    if (this.#slice > 0 && this.#context.monotonicMs() >= this.#sliceEndsAt) this.#giveBackSlice();
    return this.#back.size > 0 || this.#unbooked !== null;
  }

  get isWatched(): boolean {
    return this.#slice > 0 || this.#back.size > 0 || this.#unbooked !== null;
  }

  isIdle(): boolean {
    const nowMs = this.#context.monotonicMs();
    return !this.isWatched && this.#own.total(nowMs) === 0;
  }

  /** What is left, as far as it is known here. */
  standing(): RateStanding {
    const nowMs = this.#context.monotonicMs();
    const own = this.#own.total(nowMs);
    const isOld = nowMs - this.#answeredAt > this.#kind.windowMs;
    const remaining = Math.max(0, Math.floor(this.#limit - own - (isOld ? 0 : this.#others)));
    const resetMs = Math.max(own > 0 ? this.#kind.windowMs : 0, this.#emptyAt - nowMs, 0);
    return { limit: this.#limit, remaining, resetMs: remaining === this.#limit ? 0 : Math.ceil(resetMs) };
  }

  /** Looks at what all have used. */
  look(): WindowAsk {
    const { windowMs, slotMs, lifeMs } = this.#kind;
    return {
      kind: "window",
      key: this.key,
      windowMs,
      slotMs,
      limit: this.#limit,
      own: 0,
      want: 0,
      lifeMs,
      givenBack: [],
      booked: [],
    };
  }

  /** Until all that this process knows of has left, ms. */
  emptyInMs(): number {
    const nowMs = this.#context.monotonicMs();
    return Math.max(this.#own.emptyInMs(nowMs), this.#emptyAt - nowMs, 0);
  }

  #giveBack(units: number, slot: number): void {
    if (units <= 0) return;
    this.#back.set(slot, (this.#back.get(slot) ?? 0) + units);
    this.#context.isDirty(this);
  }

  /** `slot` null: the authority has not counted it. */
  #hold(units: number, slot: number | null, nowMs: number): Hold {
    const at = this.#own.add(units, nowMs);
    if (slot === null && units > 0) this.#unbook(units, nowMs);
    this.#count(units, nowMs);
    return {
      undo: () => this.#correct(-units, at, slot),
      settle: (used) => this.#correct(used - units, at, slot),
    };
  }

  #correct(units: number, at: number, slot: number | null): void {
    if (units === 0) return;
    const nowMs = this.#context.monotonicMs();
    this.#own.correct(at, units, nowMs);
    this.#refusedUntil = 0;
    if (units < 0) {
      if (slot === null) this.#unbooked?.correct(at, units, nowMs);
      else if (slot === this.#sliceSlot && nowMs < this.#sliceEndsAt) {
        this.#slice -= units;
        this.#context.isDirty(this);
      } else this.#giveBack(-units, slot);
      return;
    }
    this.#unbook(units, nowMs);
  }

  #unbook(units: number, atMs: number): void {
    this.#unbooked ??= new OwnTally(this.#kind.windowMs);
    this.#unbooked.add(units, atMs);
    this.#context.isDirty(this);
  }

  #giveBackSlice(): void {
    if (this.#slice > 0) this.#back.set(this.#sliceSlot, (this.#back.get(this.#sliceSlot) ?? 0) + this.#slice);
    this.#slice = 0;
  }

  #shareLimit(nowMs: number): number {
    const share = Math.floor(this.#limit / this.#context.processes);
    const isOld = nowMs - this.#answeredAt > this.#kind.windowMs;
    return isOld ? share : Math.min(share, this.#limit - this.#others);
  }

  #shareLeft(nowMs: number): number {
    return this.#shareLimit(nowMs) - this.#own.total(nowMs);
  }

  #count(units: number, nowMs: number): void {
    const { lifeMs } = this.#kind;
    const passed = nowMs - this.#lifeStartedAt;
    if (passed >= lifeMs) {
      this.#takenBefore = passed < 2 * lifeMs ? this.#taken : 0;
      this.#taken = 0;
      this.#lifeStartedAt = nowMs - (passed % lifeMs);
    }
    this.#taken += units;
  }

  #wanted(nowMs: number): number {
    this.#count(0, nowMs);
    return Math.max(this.#taken, this.#takenBefore);
  }
}
