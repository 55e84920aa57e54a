// What taking records in asks of an engine, inside one transaction.
import type { AttemptRow } from "../ports/ledger.ts";
import type { ResponseRow } from "../ports/responses.ts";
import type { UsageAddition } from "./usage-roll-up.ts";

export interface LedgerTables {
  /**
   * Inserts the rows whose keys are not there yet, and overwrites those that have only started with the settled ones. Returns those it
   * has put there: whoever else takes the same rows is not told so. Each key is there once.
   */
  put(rows: readonly AttemptRow[]): Promise<ReadonlySet<AttemptRow>>;
  /** The stored rows of these that are interrupted. Nobody else can change them until the transaction ends. */
  lockInterrupted(rows: readonly AttemptRow[]): Promise<AttemptRow[]>;
  /** Overwrites those of the rows that are interrupted, and returns those. */
  settleInterrupted(rows: readonly AttemptRow[]): Promise<ReadonlySet<AttemptRow>>;
  /** Marks what `processId` left unsettled, and returns those rows. */
  interrupt(processId: string, nowMs: number): Promise<AttemptRow[]>;
  /** Adds to the roll-ups. */
  addUsage(addition: UsageAddition): Promise<void>;
  /** Inserts those whose ids are not there yet. */
  addResponses(rows: readonly ResponseRow[]): Promise<void>;
}

/** Runs `work` in a transaction; any throw rolls it back. */
export type InLedgerTransaction = <T>(work: (tables: LedgerTables) => Promise<T>) => Promise<T>;
