// The accounts of all budgets in a single process: loaded from the ledger, kept by what calls cost here, and set right by the ledger.
import type { Clock } from "../../core/clock.ts";
import type { BudgetHolder } from "./budget-holders.ts";
import { periodOf } from "./budget-period.ts";
import type { AccountSource } from "./rated-subject.ts";
import { SpendAccount } from "./spend-account.ts";
import { accountName, type SpendReader } from "./spend-reader.ts";

/** What a call has cost is in the ledger by then, when nothing waits in the spool. */
const quietMs = 5000;
/** Every so many reconciliations all accounts are read: somebody may have adjusted those that nobody uses. */
const fullEvery = 20;

export interface SpendAccountsOptions {
  reader: SpendReader;
  clock: Clock;
  /** Whose budgets there are at the moment. */
  holders: () => readonly BudgetHolder[];
  /** Whether the ledger has all that was in the spool when this process last looked. */
  hasCaughtUp: () => boolean;
  /** What an earlier process has left about accounts, by name. */
  saved?: ReadonlyMap<string, number>;
}

export class SpendAccounts implements AccountSource {
  readonly #options: SpendAccountsOptions;
  readonly #accounts = new Map<string, SpendAccount>();
  readonly #saved: ReadonlyMap<string, number>;
  /** All that was spent in periods that began later was spent here. */
  readonly #sinceMs: number;
  #reconciliations = 0;

  constructor(options: SpendAccountsOptions) {
    this.#options = options;
    this.#saved = options.saved ?? new Map();
    this.#sinceMs = options.clock.nowMs();
  }

  of(subject: string, startMs: number): SpendAccount {
    const name = accountName(subject, startMs);
    const there = this.#accounts.get(name);
    if (there !== undefined) return there;
    const saved = this.#saved.get(name);
    const isNew = startMs > this.#sinceMs;
    const account = new SpendAccount(subject, startMs, isNew ? "ledger" : saved === undefined ? "nothing" : "checkpoint");
    if (!isNew) account.knownNanoUsd = saved ?? 0;
    this.#accounts.set(name, account);
    return account;
  }

  /** Reads those from the ledger that are not known from it yet. Throws StorageUnavailable. */
  async ensure(holders: readonly BudgetHolder[]): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const missing = new Map<string, { subject: string; startMs: number }>();
    for (const { subject, budget } of holders) {
      const { startMs } = periodOf(budget, nowMs);
      const name = accountName(subject, startMs);
      if (this.#accounts.get(name)?.source !== "ledger") missing.set(name, { subject, startMs });
    }
    if (missing.size === 0) return;
    const spent = await this.#options.reader.spent([...missing.values()]);
    for (const [name, { subject, startMs }] of missing) {
      // A call has opened it meanwhile, in a period that began here.
      if (this.#accounts.get(name)?.source === "ledger") continue;
      const account = this.of(subject, startMs);
      const ledger = spent.get(name) ?? 0;
      const before = account.source === "checkpoint" ? account.knownNanoUsd : (this.#saved.get(name) ?? 0);
      account.source = "ledger";
      // Until the spool is in the ledger, what was written down apart from it may be more.
      account.knownNanoUsd = this.#options.hasCaughtUp() ? ledger : Math.max(ledger, before);
    }
  }

  /**
   * Sets accounts that have been used right by the ledger: exactly where nothing has happened for a while, else only upwards, since what
   * is under way is not in the ledger yet. Drops accounts of past periods and of budgets that are gone. Throws StorageUnavailable.
   */
  async reconcile(): Promise<void> {
    const { clock, reader, holders, hasCaughtUp } = this.#options;
    const startedMs = clock.nowMs();
    const current = holders();
    await this.ensure(current);
    const isFull = ++this.#reconciliations % fullEvery === 0;
    const asked: { account: SpendAccount; settlements: number; wasQuiet: boolean }[] = [];
    const isSettled = hasCaughtUp();
    for (const account of this.#accounts.values()) {
      if (!account.isUnsettled && !isFull) continue;
      const wasQuiet = isSettled && account.openCalls === 0 && startedMs - account.settledAtMs >= quietMs;
      asked.push({ account, settlements: account.settlements, wasQuiet });
    }
    const spent = await reader.spent(asked.map(({ account: { subject, startMs } }) => ({ subject, startMs })));
    for (const { account, settlements, wasQuiet } of asked) {
      const ledger = spent.get(accountName(account.subject, account.startMs)) ?? 0;
      if (wasQuiet && account.openCalls === 0 && account.settlements === settlements) {
        account.knownNanoUsd = ledger;
        account.tailNanoUsd = 0;
        account.isUnsettled = false;
      } else {
        // Attempts of calls that are not over may be in the ledger already: what is reserved for them covers those.
        const atLeast = ledger - account.reservedNanoUsd - account.tailNanoUsd;
        account.knownNanoUsd = Math.max(account.knownNanoUsd, atLeast);
      }
    }
    this.#drop(current);
  }

  /** How many budgets stand on something else than the ledger. */
  get unsure(): { checkpoint: number; nothing: number } {
    const unsure = { checkpoint: 0, nothing: 0 };
    for (const { source } of this.#accounts.values()) if (source !== "ledger") unsure[source]++;
    return unsure;
  }

  get size(): number {
    return this.#accounts.size;
  }

  /** By name, what was spent or is under way; of all that is kept. */
  *entries(): Iterable<[name: string, nanoUsd: number]> {
    for (const [name, { spentNanoUsd, reservedNanoUsd }] of this.#accounts) {
      if (spentNanoUsd + reservedNanoUsd > 0) yield [name, spentNanoUsd + reservedNanoUsd];
    }
  }

  /** One that calls still use, or whose costs may not all be in the ledger, stays. */
  #drop(holders: readonly BudgetHolder[]): void {
    const nowMs = this.#options.clock.nowMs();
    const kept = new Set(holders.map(({ subject, budget }) => accountName(subject, periodOf(budget, nowMs).startMs)));
    for (const [name, account] of this.#accounts) {
      if (kept.has(name) || account.openCalls > 0 || account.isUnsettled) continue;
      account.isDropped = true;
      this.#accounts.delete(name);
    }
  }
}
