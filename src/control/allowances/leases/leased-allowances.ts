// Allowances that several processes share: calls spend from this process's leases, and only when those are used up somebody is asked.
import { randomUUID } from "node:crypto";
import type { Clock } from "../../../core/clock.ts";
import {
  type Charge,
  type Demand,
  noStanding,
  type RateStanding,
  type Refusal,
  type Reservation,
  type Standing,
} from "../../../domain/allowance.ts";
import type { AllowanceView, AllowanceViews } from "../allowance-views.ts";
import type { BudgetHolder } from "../budget-holders.ts";
import { periodOf } from "../budget-period.ts";
import { accountName, type SpendReader } from "../spend-reader.ts";
import { BudgetLease } from "./budget-lease.ts";
import type { Hold, Lease, Need } from "./lease.ts";
import type { BudgetAsk, BudgetGrant, LeaseAuthority, LeaseGrant } from "./lease-authority.ts";
import { type ExchangeState, LeaseExchange } from "./lease-exchange.ts";
import { LeasedReservation } from "./leased-reservation.ts";
import { lookAt } from "./look-at.ts";
import { needsOf } from "./needs-of-demand.ts";
import { SubjectLeases } from "./subject-leases.ts";
import { WindowLease } from "./window-lease.ts";

export interface LeasedAllowancesOptions {
  authority: LeaseAuthority;
  processId: string;
  reader: SpendReader;
  clock: Clock;
  /** The longest that a call waits for the authority. */
  timeoutMs: number;
  /** Time that is never set back; default: the process's own. */
  monotonicMs?: () => number;
  /** How many processes shared when this one, or an earlier one with its data directory, last knew. Default 1. */
  processes?: number;
  /** What is remembered of accounts from before the start, by name. */
  saved?: ReadonlyMap<string, number>;
  /** Whether the ledger has all that was in this process's spool when it last looked. */
  hasCaughtUp?: () => boolean;
  /** It takes no calls, so that nothing of the limits is for it. Default false. */
  isObserver?: boolean;
  /** The authority is on this machine: nothing is kept that others may want. Default false. */
  isNear?: boolean;
  onState?: (state: ExchangeState, error: Error | null) => void;
  onProcesses?: (processes: number) => void;
}

const openRetryMs = 1000;
const caughtUpEveryMs = 5000;
/** Of one batch of looks. */
const looksAtOnce = 200;
/** Subjects looked at in one sweep. */
const sweptMin = 100;

/** The gateway's AllowanceSource. */
export class LeasedAllowances implements AllowanceViews {
  readonly #options: LeasedAllowancesOptions;
  readonly #exchange: LeaseExchange;
  readonly #subjects = new Map<string, SubjectLeases>();
  readonly #saved: ReadonlyMap<string, number>;
  readonly #startedAtMs: number;
  readonly #monotonicMs: () => number;
  /** Whose accounts are to be made at the authority. */
  readonly #unopened = new Set<BudgetLease>();
  #isOpening = false;
  #openAgainAt = 0;
  #caughtUpAt = 0;
  #sweep: Iterator<SubjectLeases> | null = null;

  constructor(options: LeasedAllowancesOptions) {
    this.#options = options;
    this.#saved = options.saved ?? new Map();
    this.#startedAtMs = options.clock.nowMs();
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
    this.#exchange = new LeaseExchange({
      authority: options.authority,
      processId: options.processId,
      clock: options.clock,
      monotonicMs: this.#monotonicMs,
      timeoutMs: options.timeoutMs,
      processes: options.processes ?? 1,
      hasCaughtUp: options.hasCaughtUp ?? (() => true),
      isObserver: options.isObserver ?? false,
      isNear: options.isNear ?? false,
      leases: () => this.#leases(),
      onState: options.onState ?? (() => {}),
      onProcesses: options.onProcesses ?? (() => {}),
      onTick: () => this.#tick(),
    });
  }

  get state(): ExchangeState {
    return this.#exchange.state;
  }

  get processId(): string {
    return this.#options.processId;
  }

  get processes(): number {
    return this.#exchange.processes;
  }

  /** Whether nothing is under way between here and the authority: for tests. */
  get isIdle(): boolean {
    return this.#exchange.isIdle && !this.#isOpening;
  }

  /** How many subjects are kept. */
  get size(): number {
    return this.#subjects.size;
  }

  start(): Promise<void> {
    return this.#exchange.start();
  }

  /** Tries at once to reach an authority that is away. */
  meet(): Promise<void> {
    return this.#exchange.meet();
  }

  async stop(): Promise<void> {
    await this.#exchange.stop();
    await this.#options.authority.close();
  }

  reserve(demand: Demand, nowMs: number): Reservation | Refusal | Promise<Reservation | Refusal> {
    const needs = needsOf(demand, nowMs, (subject) => this.#of(subject));
    if (!Array.isArray(needs)) return needs;
    if (needs.length === 0) return new LeasedReservation(needs, [], noStanding);
    if (this.#exchange.isAway) return this.#byShare(needs, nowMs);
    const holds = takeAll(needs, ({ lease, amount, isGuess }) => lease.takeHere(amount, isGuess));
    if (holds !== null) return this.#reserved(needs, holds);
    const known = this.#knownRefusal(needs, nowMs);
    if (known !== null) return known;
    for (const { lease } of needs) if (lease instanceof BudgetLease && !lease.isAskable) this.#openSoon(lease);
    return new Promise((resolve) => {
      this.#exchange.submit({
        needs,
        admitted: (taken) => resolve(this.#reserved(needs, taken)),
        refused: (by) => resolve(this.#refusal(needs, by, nowMs)),
        unanswered: () => resolve(this.#byShare(needs, nowMs)),
      });
    });
  }

  /** Before calls can draw on these: their accounts are made at the authority, with what the ledger says. Throws StorageUnavailable. */
  async ensure(holders: readonly BudgetHolder[]): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const leases = holders.map(({ subject, budget }) => this.#of(subject).budget(budget, nowMs));
    await this.#open(leases.filter((lease) => !lease.isAskable));
  }

  /** Compares accounts that are in use with the ledger, and sets those right that nobody spends from at the moment; others only upwards. Throws StorageUnavailable. */
  async reconcile(): Promise<void> {
    const leases: BudgetLease[] = [];
    for (const { budgets } of this.#subjects.values()) leases.push(...budgets.filter(({ isAskable }) => isAskable));
    while (leases.length > 0) await this.#reconcile(leases.splice(0, 200));
  }

  /** A process that will not come back: the ledger has closed what it left open. */
  async forget(processId: string): Promise<void> {
    await this.#options.authority.forget(processId);
    await this.reconcile();
  }

  /** By name, what is known to be spent or under way, of all processes. */
  *entries(): Iterable<[name: string, nanoUsd: number]> {
    for (const { budgets } of this.#subjects.values()) {
      for (const lease of budgets) {
        const nanoUsd = lease.spentByAll + lease.heldByAll;
        if (nanoUsd > 0) yield [lease.key.slice(2), nanoUsd];
      }
    }
  }

  /** What these have used, of all processes; without the authority, as far as it is known here. Changes nothing. */
  async views(asked: readonly Charge[], nowMs: number): Promise<AllowanceView[]> {
    const looked = asked.map((charge) =>
      lookAt(this.#subjects.get(charge.subject) ?? this.#stranger(charge.subject), charge.limits, nowMs),
    );
    const asks = looked.flatMap(({ leases }) => leases.map((lease) => lease.look()));
    const grants: (LeaseGrant | null)[] = [];
    while (asks.length > 0) {
      const some = asks.splice(0, looksAtOnce);
      grants.push(...((await this.#exchange.look(some)) ?? some.map(() => null)));
    }
    const unknown = looked.flatMap(({ budget }) =>
      budget === null || budget.isAskable ? [] : [{ subject: budget.subject, startMs: budget.period.startMs }],
    );
    const ledger = unknown.length === 0 ? null : await this.#options.reader.spent(unknown).catch(() => null);
    let next = 0;
    return looked.map(({ leases, view }) =>
      view(
        leases.map(() => grants[next++] ?? null),
        ledger,
      ),
    );
  }

  async #reconcile(leases: BudgetLease[]): Promise<void> {
    const marked = await this.#exchange.tell(leases);
    if (marked === null) return;
    const marks = leases.map((lease, index) => ({ lease, grant: marked.grants[index] as BudgetGrant }));
    const spent = await this.#options.reader.spent(leases.map(({ subject, period }) => ({ subject, startMs: period.startMs })));
    const markOf = new Map(marks.filter(({ grant }) => grant.isKnown).map(({ lease, grant }) => [lease.key, grant]));
    await this.#exchange.tell(
      leases.filter((lease) => lease.isAskable && markOf.has(lease.key)),
      (ask) => {
        const grant = markOf.get(ask.key);
        if (ask.kind !== "budget" || grant === undefined) return ask;
        const ledger = spent.get(ask.key.slice(2)) ?? 0;
        const { version, isQuiet } = grant;
        return { ...ask, reconciles: { ledger, version, isQuiet, markedAt: marked.atMs } } satisfies BudgetAsk;
      },
    );
  }

  #of(subject: string): SubjectLeases {
    const known = this.#subjects.get(subject);
    if (known !== undefined) {
      known.used();
      return known;
    }
    const leases = this.#stranger(subject);
    this.#subjects.set(subject, leases);
    return leases;
  }

  /** One that nothing is kept of. */
  #stranger(subject: string): SubjectLeases {
    return new SubjectLeases(subject, this.#exchange, (account, startMs) => {
      // All that was spent in a period that began later was spent under our eyes.
      if (startMs > this.#startedAtMs) return 0;
      return this.#saved.get(account) ?? null;
    });
  }

  *#leases(): Iterable<Lease> {
    for (const leases of this.#subjects.values()) yield* leases.all();
  }

  #reserved(needs: readonly Need[], holds: readonly Hold[]): Reservation {
    return new LeasedReservation(needs, holds, standingOf(needs));
  }

  /** What this process may do alone. */
  #byShare(needs: readonly Need[], nowMs: number): Reservation | Refusal {
    const holds: Hold[] = [];
    const by: { need: Need; waitMs: number }[] = [];
    for (const need of needs) {
      const { lease, amount, isGuess } = need;
      const hold = lease.takeShare(amount, isGuess);
      if (hold === null) by.push({ need, waitMs: lease.shareWaitMs(amount, isGuess) });
      else holds.push(hold);
    }
    if (by.length === 0) return this.#reserved(needs, holds);
    for (const hold of holds) hold.undo();
    return this.#refusal(needs, by, nowMs);
  }

  #knownRefusal(needs: readonly Need[], nowMs: number): Refusal | null {
    const by: { need: Need; waitMs: number }[] = [];
    for (const need of needs) {
      const waitMs = need.lease.refusedForMs(need.isGuess ? Math.min(1, need.amount) : need.amount, need.isGuess);
      if (waitMs > 0) by.push({ need, waitMs });
    }
    return by.length === 0 ? null : this.#refusal(needs, by, nowMs);
  }

  /** Of a budget before all others; else the one that lasts longest. */
  #refusal(needs: readonly Need[], by: readonly { need: Need; waitMs: number }[], nowMs: number): Refusal {
    const standing = standingOf(needs);
    let first = by[0] as { need: Need; waitMs: number };
    for (const each of by) if (rank(each) > rank(first)) first = each;
    const { need, waitMs } = first;
    const { charge, limit, lease } = need;
    if (limit !== "budget") {
      return {
        kind: "rate",
        charge,
        limit,
        retryAfterMs: Number.isFinite(waitMs) ? Math.max(1, Math.ceil(waitMs)) : null,
        standing,
      };
    }
    const { spentByAll, heldByAll } = lease as BudgetLease;
    const { budget } = charge.limits;
    const resetsAtMs = budget === null ? null : periodOf(budget, nowMs).endMs;
    return { kind: "budget", charge, spentNanoUsd: spentByAll, reservedNanoUsd: heldByAll, resetsAtMs, standing };
  }

  #openSoon(lease: BudgetLease): void {
    this.#unopened.add(lease);
    void this.#openWaiting();
  }

  async #openWaiting(): Promise<void> {
    if (this.#isOpening || this.#unopened.size === 0 || this.#monotonicMs() < this.#openAgainAt) return;
    this.#isOpening = true;
    try {
      const leases = [...this.#unopened].slice(0, 200);
      await this.#open(leases);
      for (const lease of leases) this.#unopened.delete(lease);
    } catch {
      // The database is away: until it is back, this process's share has to do. /readyz says so already.
      this.#openAgainAt = this.#monotonicMs() + openRetryMs;
    } finally {
      this.#isOpening = false;
    }
  }

  async #open(leases: readonly BudgetLease[]): Promise<void> {
    if (leases.length === 0) return;
    const spent = await this.#options.reader.spent(leases.map(({ subject, period }) => ({ subject, startMs: period.startMs })));
    const opened: BudgetLease[] = [];
    for (const lease of leases) {
      if (lease.isAskable) continue;
      lease.open(spent.get(accountName(lease.subject, lease.period.startMs)) ?? 0, randomUUID());
      opened.push(lease);
    }
    while (opened.length > 0) await this.#exchange.tell(opened.splice(0, 200));
  }

  #tick(): void {
    const nowMs = this.#monotonicMs();
    const hasCaughtUp = this.#options.hasCaughtUp?.() ?? true;
    if (hasCaughtUp && nowMs - this.#caughtUpAt >= caughtUpEveryMs) {
      this.#caughtUpAt = nowMs;
      for (const { budgets } of this.#subjects.values()) for (const lease of budgets) lease.caughtUp();
    }
    if (!this.#exchange.isAway) {
      // Those that the authority has lost, or whose period has begun.
      if (this.#openAgainAt <= nowMs) {
        for (const { budgets } of this.#subjects.values())
          for (const lease of budgets) if (!lease.isAskable) this.#unopened.add(lease);
      }
      void this.#openWaiting();
    }
    this.#sweepSome();
  }

  #sweepSome(): void {
    const nowMs = this.#options.clock.nowMs();
    const most = Math.max(sweptMin, Math.ceil(this.#subjects.size / 100));
    this.#sweep ??= this.#subjects.values();
    for (let swept = 0; swept < most; swept++) {
      const { done, value } = this.#sweep.next();
      if (done === true) {
        this.#sweep = null;
        return;
      }
      if (value.sweep(nowMs)) this.#subjects.delete(value.subject);
    }
  }
}

function rank({ need, waitMs }: { need: Need; waitMs: number }): number {
  return need.limit === "budget" ? Number.POSITIVE_INFINITY : Math.min(waitMs, Number.MAX_VALUE);
}

/** All of them, or none. */
function takeAll(needs: readonly Need[], take: (need: Need) => Hold | null): Hold[] | null {
  const holds: Hold[] = [];
  for (const need of needs) {
    const hold = take(need);
    if (hold === null) {
      for (const taken of holds) taken.undo();
      return null;
    }
    holds.push(hold);
  }
  return holds;
}

/** Of the tightest windows of each kind. */
function standingOf(needs: readonly Need[]): Standing {
  let requests: RateStanding | null = null;
  let tokens: RateStanding | null = null;
  for (const { lease, limit } of needs) {
    if (!(lease instanceof WindowLease)) continue;
    const standing = lease.standing();
    if (limit === "tokens_per_minute") tokens = tighter(tokens, standing);
    else requests = tighter(requests, standing);
  }
  return requests === null && tokens === null ? noStanding : { requests, tokens };
}

function tighter(a: RateStanding | null, b: RateStanding): RateStanding {
  if (a === null || b.remaining < a.remaining) return b;
  return b.remaining === a.remaining && b.resetMs > a.resetMs ? b : a;
}
