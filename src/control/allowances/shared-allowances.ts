// Allowances that several processes share, as one part: this process's leases of whoever counts, and what is remembered over a restart.
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { SnapshotContent, SnapshotPatch } from "../../domain/snapshot.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import { budgetHolders } from "./budget-holders.ts";
import { CheckpointFile } from "./checkpoint-file.ts";
import type { LeaseAuthority } from "./leases/lease-authority.ts";
import type { ExchangeState } from "./leases/lease-exchange.ts";
import { LeasedAllowances } from "./leases/leased-allowances.ts";
import { StorageSpendReader } from "./storage-spend-reader.ts";

const reconcileEveryMs = 30_000;

export interface SharedAllowancesOptions {
  leaseAuthority: LeaseAuthority;
  /** The longest that a call waits for it. */
  timeoutMs: number;
  processId: string;
  storage: Storage;
  dataDir: string;
  clock: Clock;
  log: Logger;
  /** What the data plane works from; null before the first. */
  current: () => SnapshotContent | null;
  /** Whether the ledger has all that the spool has. */
  hasCaughtUp: () => boolean;
  /** How many processes shared when that was last known. */
  processes: number;
  /** This process takes no calls, others do. */
  isObserver: boolean;
  /** What is spent or set aside, by account, where the authority is in this process; default: what its answers have said. */
  entries?: () => Iterable<[name: string, nanoUsd: number]>;
  onProcesses?: (processes: number) => void;
  onState?: (state: ExchangeState, error: Error | null) => void;
}

export class SharedAllowances {
  readonly authority: LeasedAllowances;
  readonly #options: SharedAllowancesOptions;
  readonly #file: CheckpointFile;
  readonly #saved: ReadonlyMap<string, number>;
  #timer: Timer | null = null;
  #isStopped = false;

  private constructor(options: SharedAllowancesOptions, file: CheckpointFile, saved: ReadonlyMap<string, number>) {
    const { leaseAuthority, storage, ...leased } = options;
    this.#options = options;
    this.#file = file;
    this.#saved = saved;
    this.authority = new LeasedAllowances({
      ...leased,
      authority: leaseAuthority,
      reader: new StorageSpendReader(storage),
      saved,
    });
    file.start(() => this.#entries());
    this.#reconcileIn();
  }

  /** Reads what an earlier process has left in the data directory, and meets the authority; one that is away keeps nobody from starting. */
  static async open(options: SharedAllowancesOptions): Promise<SharedAllowances> {
    const file = new CheckpointFile(options);
    const shared = new SharedAllowances(options, file, await file.read());
    await shared.authority.start();
    return shared;
  }

  /** Before what it is told of is what the data plane works from: the accounts of new budgets are read from the ledger. Throws StorageUnavailable. */
  readonly prepare = async (part: SnapshotContent | SnapshotPatch): Promise<void> => {
    await this.authority.ensure(budgetHolders(part));
  };

  readonly views: LeasedAllowances["views"] = (asked, nowMs) => this.authority.views(asked, nowMs);

  knownSpend(): Map<string, number> {
    return new Map([...this.#saved, ...this.#entries()]);
  }

  /** A process that will not come back: the ledger has closed what it left open. */
  forget(processId: string): void {
    this.authority.forget(processId).catch((error: unknown) => {
      // What it had set aside is then free when ten minutes are over.
      this.#options.log.warn(
        { err: error, process_id: processId },
        "what a process that is gone had set aside can't be freed yet",
      );
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.authority.stop();
    await this.#file.stop();
  }

  /** Accounts that can't be opened yet are only known here. */
  #entries(): Map<string, number> {
    return new Map([...this.authority.entries(), ...(this.#options.entries?.() ?? [])]);
  }

  #reconcileIn(): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.after(reconcileEveryMs, async () => {
      try {
        // An observer has no calls that would make it look at periods that have begun.
        const content = this.#options.isObserver ? this.#options.current() : null;
        if (content !== null) await this.prepare(content);
        await this.authority.reconcile();
      } catch (error) {
        if (!(error instanceof StorageUnavailable))
          this.#options.log.error({ err: error }, "budgets can't be compared with the ledger");
      }
      this.#reconcileIn();
    });
  }
}
