// One batch's ask of a budget's account: the process's figures are taken over, then the ledger's if it has read it.
import type { BudgetAsk, BudgetGrant } from "../lease-authority.ts";
import { BudgetAccount, holdsMs } from "./budget-account.ts";
import type { SweptMap } from "./swept-map.ts";
import { isEarly, type Moment, type Turn } from "./turn.ts";

/** Nobody has spent for so long: what the ledger says then is all. */
const quietMs = 5000;

export class BudgetTurn implements Turn {
  readonly #ask: BudgetAsk;
  readonly #moment: Moment;
  /** Null: there is none, or the process means another generation of it. */
  readonly #account: BudgetAccount | null;
  /** Of the other processes; of a look, of all. */
  readonly #others = { spent: 0, held: 0 };
  readonly #own = { spent: 0, held: 0 };

  constructor(ask: BudgetAsk, accounts: SweptMap<BudgetAccount>, moment: Moment) {
    this.#ask = ask;
    this.#moment = moment;
    const stored = accounts.get(ask.key) ?? null;
    stored?.foldGone(moment, ask.reconciles?.markedAt ?? null);
    this.#account = ask.isLook ? stored : this.#openFor(stored, accounts);
    if (this.#account === null) return;
    const { processId } = moment.batch;
    this.#others = this.#account.sumBut(ask.isLook ? null : processId);
    if (ask.isLook) return;
    this.#own = { spent: ask.spent, held: ask.reserved };
    if (ask.spent !== (this.#account.share(processId)?.spent ?? 0)) {
      this.#account.version++;
      this.#account.changedAtMs = moment.nowMs;
    }
    this.#reconcile(this.#account);
  }

  get want(): number {
    return this.#ask.want;
  }

  left(): number {
    if (this.#account === null) return Number.POSITIVE_INFINITY;
    const { limit } = this.#ask;
    const { base } = this.#account;
    const own = this.#own.spent + this.#own.held;
    const left = limit - base - this.#others.spent - this.#others.held - own;
    return isEarly(this.#moment) ? Math.min(left, Math.floor((limit - base) / this.#moment.processes) - own) : left;
  }

  take(amount: number): void {
    if (this.#account !== null) this.#own.held += amount;
  }

  waitMs(): number {
    return 0;
  }

  close(slice: number): BudgetGrant {
    const account = this.#account;
    if (account === null) {
      return { kind: "budget", isKnown: false, slice: 0, spent: 0, held: 0, generation: "", version: 0, isQuiet: false };
    }
    const { nowMs, batch, known } = this.#moment;
    this.#own.held += slice;
    if (!this.#ask.isLook) account.set(batch.processId, this.#own, nowMs);
    const held = this.#others.held + this.#own.held;
    const { generation, version, changedAtMs } = account;
    return {
      kind: "budget",
      isKnown: true,
      slice,
      spent: account.base + this.#others.spent + this.#own.spent,
      held,
      generation,
      version,
      isQuiet: nowMs - changedAtMs >= quietMs && held <= 0 && known.haveCaughtUp(holdsMs, nowMs),
    };
  }

  /** The account that the process means; made, or joined, where it brings what the ledger says. */
  #openFor(stored: BudgetAccount | null, accounts: SweptMap<BudgetAccount>): BudgetAccount | null {
    const { key, generation, isReported, opens } = this.#ask;
    const { batch, nowMs } = this.#moment;
    const hasShare = stored?.share(batch.processId) !== undefined;
    if (stored !== null && stored.generation === generation && (hasShare || !isReported)) return stored;
    if (opens === null) return null;
    if (stored === null) {
      const made = new BudgetAccount(opens, nowMs);
      accounts.set(key, made);
      return made;
    }
    // It counts from here anew: what it said before is in what the ledger says, or in the base.
    stored.fold(batch.processId);
    stored.base = Math.max(stored.base, opens.ledger - stored.sumBut(null).spent);
    return stored;
  }

  /** Down only when nobody has spent since before the ledger was read; else what is under way may be in it already. */
  #reconcile(account: BudgetAccount): void {
    const { reconciles } = this.#ask;
    if (reconciles === null) return;
    const { ledger, version, isQuiet } = reconciles;
    const spent = this.#others.spent + this.#own.spent;
    const held = this.#others.held + this.#own.held;
    account.base = isQuiet && version === account.version ? ledger - spent : Math.max(account.base, ledger - spent - held);
  }
}
