// What was spent and set aside of one budget in one period, by all processes together: the ledger's sum, and each process's own on top.
import type { BudgetAsk } from "../lease-authority.ts";
import type { Passing } from "./swept-map.ts";
import type { Moment } from "./turn.ts";

/** One that was not heard of for so long has no calls under way. */
export const holdsMs = 600_000;
/** One that nobody has asked about for so long is made again from the ledger. */
const keptMs = 86_400_000;

/** Nano-dollars; `spent` since the generation began, beyond the base. */
interface Share {
  spent: number;
  held: number;
}

export class BudgetAccount implements Passing {
  readonly generation: string;
  /** What was spent but for the shares. */
  base: number;
  /** Rises with all that is spent. */
  version = 0;
  changedAtMs: number;
  readonly #shares = new Map<string, Share>();
  #touchedAtMs: number;

  constructor({ ledger, generation }: NonNullable<BudgetAsk["opens"]>, nowMs: number) {
    this.base = ledger;
    this.generation = generation;
    this.changedAtMs = nowMs;
    this.#touchedAtMs = nowMs;
  }

  /** The share of a process; undefined: it has none. */
  share(processId: string): Share | undefined {
    return this.#shares.get(processId);
  }

  set(processId: string, share: Share, nowMs: number): void {
    this.#shares.set(processId, share);
    this.#touchedAtMs = nowMs;
  }

  /** What a process said that it had spent is part of the base from now on, and it holds nothing. */
  fold(processId: string): void {
    this.base += this.#shares.get(processId)?.spent ?? 0;
    this.#shares.delete(processId);
  }

  /** Folds those that have ended: not heard of for long, or gone before `readAtMs`, when the ledger was read (null: it was not). */
  foldGone({ known, nowMs, batch }: Moment, readAtMs: number | null): void {
    for (const id of this.#shares.keys()) {
      if (id === batch.processId) continue;
      const goneAtMs = known.goneAtMs(id);
      const isInLedger = readAtMs !== null && goneAtMs !== null && goneAtMs <= readAtMs;
      if (isInLedger || !known.isHeard(id, holdsMs, nowMs)) this.fold(id);
    }
  }

  /** Of all shares but that of one process, null: of all. */
  sumBut(processId: string | null): Share {
    const sum = { spent: 0, held: 0 };
    for (const [id, { spent, held }] of this.#shares) {
      if (id === processId) continue;
      sum.spent += spent;
      sum.held += held;
    }
    return sum;
  }

  isOver(nowMs: number): boolean {
    return this.#touchedAtMs <= nowMs - keptMs;
  }
}
