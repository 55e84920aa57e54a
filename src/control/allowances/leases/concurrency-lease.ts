// This process's part of the calls that one subject may have under way at the same time.
import type { Hold, Lease, LeaseContext } from "./lease.ts";
import type { ConcurrencyAsk, ConcurrencyGrant, LeaseAsk, LeaseGrant } from "./lease-authority.ts";

/** When one of the calls under way will end, nobody knows. */
const retryMs = 1000;
/** How long what was granted beyond the calls under way is kept for the next ones. */
const reserveMs = 250;
/** What is kept at the authority is said again so often. */
const repeatMs = 1000;

export class ConcurrencyLease implements Lease {
  readonly key: string;
  readonly isAskable = true;
  readonly #context: LeaseContext;
  #limit = 0;
  #used = 0;
  /** May be used without asking, beyond those in use. */
  #reserve = 0;
  /** What the authority was told last; null: something it has not confirmed. */
  #reported: number | null = 0;
  #others = 0;
  #usedAt = 0;
  #reportedAt = 0;

  constructor(key: string, context: LeaseContext) {
    this.key = key;
    this.#context = context;
  }

  set limit(limit: number) {
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  takeHere(): Hold | null {
    if (this.#reserve < 1 || this.#used >= this.#limit) return null;
    this.#reserve--;
    return this.#hold();
  }

  takeShare(): Hold | null {
    const share = Math.floor(this.#limit / this.#context.processes);
    const here = this.takeHere();
    if (here !== null) return here;
    return this.#used < Math.min(share, this.#limit - this.#others) ? this.#hold() : null;
  }

  takeGranted(): Hold {
    if (this.#reported !== null) this.#reported++;
    this.#others = Math.max(0, this.#others - 1);
    return this.#hold();
  }

  unused(): void {
    this.#reported = null;
    this.#context.isDirty(this);
  }

  refusedForMs(): number {
    return 0;
  }

  refused(): void {}

  shareWaitMs(): number {
    return retryMs;
  }

  ask(isWanted: boolean): ConcurrencyAsk {
    this.#reserve = 0;
    this.#reported = null;
    const want = isWanted && !this.#context.isNear ? Math.min(8, Math.ceil(this.#used / 4)) : 0;
    return { kind: "concurrency", key: this.key, limit: this.#limit, used: this.#used, want, isLook: false };
  }

  /** Looks at what all have under way. */
  look(): ConcurrencyAsk {
    return { kind: "concurrency", key: this.key, limit: this.#limit, used: 0, want: 0, isLook: true };
  }

  /** Of all processes, as far as it is known here. */
  get usedByAll(): number {
    return this.#used + this.#others;
  }

  answered(ask: LeaseAsk, grant: LeaseGrant): void {
    const { slice, total } = grant as ConcurrencyGrant;
    const granted = total - slice;
    this.#reserve = slice;
    this.#reported = (ask as ConcurrencyAsk).used + slice;
    this.#reportedAt = this.#context.monotonicMs();
    this.#others = Math.max(0, granted - this.#used);
    this.#context.isDirty(this);
  }

  unanswered(): void {
    this.#context.isDirty(this);
  }

  forgotten(): void {
    this.#reserve = 0;
    this.#reported = null;
    this.#others = 0;
    this.#context.isDirty(this);
  }

  needsReport(): boolean {
    const nowMs = this.#context.monotonicMs();
    if (this.#reserve > 0 && nowMs - this.#usedAt >= reserveMs) return true;
    if (this.#reported === null || this.#used + this.#reserve !== this.#reported) return true;
    return this.#used > 0 && nowMs - this.#reportedAt >= repeatMs;
  }

  get isWatched(): boolean {
    return !this.isIdle();
  }

  isIdle(): boolean {
    return this.#used === 0 && this.#reserve === 0 && this.#reported === 0;
  }

  #hold(): Hold {
    this.#used++;
    this.#usedAt = this.#context.monotonicMs();
    const end = () => {
      this.#used--;
      if (this.#context.isNear) return this.#context.tellSoon(this);
      // Kept for the next call for a moment; what is not used is given back with the next report.
      if (!this.#context.isAway) this.#reserve++;
      this.#context.isDirty(this);
    };
    return { undo: end, settle: end };
  }
}
