// The authority over allowances in the memory of one process, for all processes of its machine.
import { randomUUID } from "node:crypto";
import type { CallAnswer, CallNeed, LeaseAnswer, LeaseAsk, LeaseAuthority, LeaseBatch, WindowAsk } from "./lease-authority.ts";
import type { BudgetAccount } from "./memory/budget-account.ts";
import { BudgetTurn } from "./memory/budget-turn.ts";
import { CountedWindow } from "./memory/counted-window.ts";
import { ConcurrencyTurn, HeldCalls } from "./memory/held-calls.ts";
import { KnownProcesses } from "./memory/known-processes.ts";
import { SweptMap } from "./memory/swept-map.ts";
import { isEarly, type Moment, type Turn } from "./memory/turn.ts";
import { WindowTurn } from "./memory/window-turn.ts";

/** By then every process has told what it admitted before. */
const earlyMs = 3000;
/** What is left is plenty for a slice if it is enough for so many of each process. */
const plentySlices = 4;
/** Of each map, looked at with a batch, beside two for each ask. */
const sweptAtLeast = 8;

export interface MemoryLeaseAuthorityOptions {
  /** Time that is never set back; default: the process's own. */
  monotonicMs?: () => number;
  /** True: no process has admitted anything yet that it will tell, so that none is held to its share at first. Default false. */
  isFirst?: boolean;
  /**
   * True: slices are only granted while plenty is left, so that no call is refused what another process was granted and does not use. For
   * where asking is cheap. Default false.
   */
  isFrugal?: boolean;
}

/**
 * Answers as the script in Redis does (src/control/allowances/redis/lease-script.ts says what counts and why); its time is never set, and
 * what it knows ends with its process. What nothing counts in any more is dropped by and by.
 */
export class MemoryLeaseAuthority implements LeaseAuthority {
  readonly #monotonicMs: () => number;
  readonly #isFrugal: boolean;
  readonly #incarnation = randomUUID();
  readonly #known = new KnownProcesses();
  readonly #windows = new SweptMap<CountedWindow>();
  readonly #calls = new SweptMap<HeldCalls>();
  readonly #accounts = new SweptMap<BudgetAccount>();
  /** Null: until processes come that share. */
  #earlyUntilMs: number | null;

  constructor({ monotonicMs = () => performance.now(), isFirst = false, isFrugal = false }: MemoryLeaseAuthorityOptions = {}) {
    this.#monotonicMs = monotonicMs;
    this.#isFrugal = isFrugal;
    this.#earlyUntilMs = isFirst ? Number.NEGATIVE_INFINITY : null;
  }

  /** How many windows, subjects with calls under way, and accounts are kept. */
  get size(): number {
    return this.#windows.size + this.#calls.size + this.#accounts.size;
  }

  /** Settles in a microtask; what is counted is counted at once. */
  async refill(batch: LeaseBatch): Promise<LeaseAnswer> {
    const nowMs = this.#monotonicMs();
    if (this.#known.isStale(batch)) return { kind: "stale" };
    this.#known.hear(batch, nowMs);
    this.#beCarefulWith(batch, nowMs);
    const moment = this.#moment(batch, nowMs);
    const { processes } = moment;
    if (batch.incarnation !== this.#incarnation) return { kind: "unknown", incarnation: this.#incarnation, processes };
    this.#sweep(batch.asks.length * 2 + sweptAtLeast, nowMs);
    const turns = batch.asks.map((ask) => this.#open(ask, moment));
    const calls = batch.calls.map((needs) => decide(needs, turns));
    const grants = turns.map((turn) => turn.close(isEarly(moment) ? 0 : sliceOf(turn, processes, this.#isFrugal)));
    return { kind: "done", processes, atMs: nowMs, grants, calls };
  }

  /** Counts what was admitted `ageMs` ago, by processes that are gone. */
  book({ key, ...kind }: Pick<WindowAsk, "key" | "windowMs" | "slotMs">, ageMs: number, units: number): void {
    const nowMs = this.#monotonicMs();
    const window = this.#window(key, kind);
    window.moveTo(nowMs);
    window.add(window.slotOf(nowMs - ageMs), units);
  }

  /** By name, what is spent or set aside, nano-dollars. */
  *entries(): Iterable<[name: string, nanoUsd: number]> {
    for (const [key, account] of this.#accounts.entries()) {
      const { spent, held } = account.sumBut(null);
      const nanoUsd = account.base + spent + held;
      if (nanoUsd > 0) yield [key.slice(2), nanoUsd];
    }
  }

  async forget(processId: string): Promise<void> {
    this.#known.forget(processId, this.#monotonicMs());
  }

  async close(): Promise<void> {}

  /** Nobody gets more than its share for a while after one came that has admitted calls nobody was told of: others may have too. */
  #beCarefulWith({ processId, incarnation, wasAway, isObserver, asks }: LeaseBatch, nowMs: number): void {
    if (isObserver) return;
    const isOfAnother = incarnation !== "" && incarnation !== this.#incarnation;
    const hasWorked = this.#known.hasWorked(processId, asks.length > 0);
    // One that has only begun was away from nothing.
    if (this.#earlyUntilMs === null || isOfAnother || (wasAway && hasWorked)) this.#earlyUntilMs = nowMs + earlyMs;
  }

  #moment(batch: LeaseBatch, nowMs: number): Moment {
    const earlyUntilMs = this.#earlyUntilMs ?? nowMs + earlyMs;
    const count = this.#known.count(nowMs);
    const processes = nowMs < earlyUntilMs ? Math.max(count, batch.processes) : count;
    return { nowMs, batch, known: this.#known, processes, earlyUntilMs };
  }

  #open(ask: LeaseAsk, moment: Moment): Turn {
    if (ask.kind === "window") return new WindowTurn(ask, this.#window(ask.key, ask), moment);
    if (ask.kind === "budget") return new BudgetTurn(ask, this.#accounts, moment);
    let calls = this.#calls.get(ask.key);
    if (calls === undefined) {
      calls = new HeldCalls();
      this.#calls.set(ask.key, calls);
    }
    return new ConcurrencyTurn(ask, calls, moment);
  }

  #window(key: string, kind: { windowMs: number; slotMs: number }): CountedWindow {
    let window = this.#windows.get(key);
    if (window === undefined) {
      window = new CountedWindow(kind);
      this.#windows.set(key, window);
    }
    return window;
  }

  #sweep(count: number, nowMs: number): void {
    this.#windows.sweep(count, nowMs);
    this.#calls.sweep(count, nowMs);
    this.#accounts.sweep(count, nowMs);
  }
}

/** All that the call needs, or nothing. */
function decide(needs: readonly CallNeed[], turns: readonly Turn[]): CallAnswer {
  const amounts: number[] = [];
  const refusals: { ask: number; waitMs: number }[] = [];
  for (const { ask, amount, isGuess } of needs) {
    const turn = turns[ask] as Turn;
    const left = amount > 0 ? turn.left() : 0;
    const least = isGuess ? Math.min(1, amount) : amount;
    if (left < least) refusals.push({ ask, waitMs: turn.waitMs(least) });
    amounts.push(Math.min(amount, left));
  }
  if (refusals.length > 0) return { granted: false, refusals };
  for (const [index, { ask }] of needs.entries()) turns[ask]?.take(amounts[index] as number);
  return { granted: true, amounts };
}

/** So that slices of all processes shrink as the limit runs out. */
function sliceOf(turn: Turn, processes: number, isFrugal: boolean): number {
  if (turn.want <= 0) return 0;
  const left = turn.left();
  if (isFrugal && left < plentySlices * processes * turn.want) return 0;
  return Math.max(0, Math.min(turn.want, Math.floor(left / (2 * processes))));
}
