// Allowances of a single process as one part: the authority, the accounts behind budgets, and what is kept of them over a restart.
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { Charge } from "../../domain/allowance.ts";
import type { SnapshotContent, SnapshotPatch } from "../../domain/snapshot.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import type { RecentRequest } from "../../storage/ports/ledger.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import type { AllowanceView, AllowanceViews } from "./allowance-views.ts";
import { budgetHolders } from "./budget-holders.ts";
import { CheckpointFile } from "./checkpoint-file.ts";
import { MemoryAuthority } from "./memory-authority.ts";
import { restoreRates } from "./restore-rates.ts";
import { SpendAccounts } from "./spend-accounts.ts";
import { StorageSpendReader } from "./storage-spend-reader.ts";

const reconcileEveryMs = 30_000;
/** While some budgets do not stand on the ledger. */
const reconcileSoonMs = 2000;

export interface LocalAllowancesOptions {
  storage: Storage;
  dataDir: string;
  clock: Clock;
  log: Logger;
  /** What the data plane works from; null before the first. */
  current: () => SnapshotContent | null;
  /** What a request of the ledger drew on, by the configuration in `content`. */
  chargesOf: (content: SnapshotContent) => (request: RecentRequest) => readonly Charge[];
  /** Whether the ledger has all that the spool has. */
  hasCaughtUp: () => boolean;
  /** Of `/readyz`. */
  readiness: { degraded(part: string, detail: string, nowMs: number): void; restored(part: string): void };
}

export class LocalAllowances implements AllowanceViews {
  readonly authority: MemoryAuthority;
  readonly accounts: SpendAccounts;
  readonly #options: LocalAllowancesOptions;
  readonly #file: CheckpointFile;
  readonly #startedAtMs: number;
  #timer: Timer | null = null;
  #isStopped = false;
  #hasRates = false;

  private constructor(options: LocalAllowancesOptions, file: CheckpointFile, saved: ReadonlyMap<string, number>) {
    const { storage, clock, hasCaughtUp, current } = options;
    this.#options = options;
    this.#file = file;
    this.#startedAtMs = clock.nowMs();
    this.accounts = new SpendAccounts({
      reader: new StorageSpendReader(storage),
      clock,
      hasCaughtUp,
      saved,
      holders: () => {
        const content = current();
        return content === null ? [] : budgetHolders(content);
      },
    });
    this.authority = new MemoryAuthority({ accounts: this.accounts });
    file.start(() => this.accounts.entries());
    this.#reconcileIn(reconcileSoonMs);
  }

  /** Reads what an earlier process has left in the data directory. */
  static async open(options: LocalAllowancesOptions): Promise<LocalAllowances> {
    const file = new CheckpointFile(options);
    return new LocalAllowances(options, file, await file.read());
  }

  /** Before what it is told of is what the data plane works from: the accounts of new budgets are read from the ledger. Throws StorageUnavailable. */
  readonly prepare = async (part: SnapshotContent | SnapshotPatch): Promise<void> => {
    if (!this.#hasRates && !("part" in part)) {
      await restoreRates(part, { ...this.#options, startedAtMs: this.#startedAtMs }, (charge, atMs, used) =>
        this.authority.restore(charge, atMs, used),
      );
      this.#hasRates = true;
    }
    await this.accounts.ensure(budgetHolders(part));
  };

  /** With the accounts of budgets that nobody has used yet. Without the database what is not known counts as nothing. */
  async views(asked: readonly Charge[], nowMs: number): Promise<AllowanceView[]> {
    const holders = asked.flatMap(({ subject, limits }) => (limits.budget === null ? [] : [{ subject, budget: limits.budget }]));
    try {
      await this.accounts.ensure(holders);
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
    }
    return this.authority.views(asked, nowMs);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#file.stop();
  }

  #reconcileIn(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.after(delayMs, () => void this.#reconcile());
  }

  async #reconcile(): Promise<void> {
    const { log, current, clock } = this.#options;
    try {
      if (current() !== null) await this.accounts.reconcile();
      this.authority.sweep(clock.nowMs());
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) log.error({ err: error }, "budgets can't be compared with the ledger");
    }
    this.#report();
    const { checkpoint, nothing } = this.accounts.unsure;
    this.#reconcileIn(checkpoint + nothing > 0 ? reconcileSoonMs : reconcileEveryMs);
  }

  #report(): void {
    const { readiness, clock } = this.#options;
    const { checkpoint, nothing } = this.accounts.unsure;
    if (checkpoint + nothing === 0) return readiness.restored("allowances");
    const details: string[] = [];
    if (checkpoint > 0) details.push(`of ${budgets(checkpoint)} what the data directory says was spent counts`);
    if (nothing > 0)
      details.push(`of ${budgets(nothing)} it is not known what was spent before the start, and only what is spent now counts`);
    readiness.degraded("allowances", `the ledger can't be read: ${details.join("; ")}`, clock.nowMs());
  }
}

function budgets(count: number): string {
  return count === 1 ? "1 budget" : `${count} budgets`;
}
