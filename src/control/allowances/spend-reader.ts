// What the ledger says was spent, which is the truth about budgets.

/** One holder of a budget, and when a period of it began. */
export interface SpendQuestion {
  /** `key:key_…`, `user:usr_…`, `group:grp_…`, `model:mdl_…`. */
  subject: string;
  startMs: number;
}

export interface SpendReader {
  /**
   * Nano-dollars of all attempts that are over and began at `startMs` or later, adjustments included, by `accountName`. Throws
   * StorageUnavailable when the database is away.
   */
  spent(accounts: readonly SpendQuestion[]): Promise<Map<string, number>>;
}

/** Names an account. */
export function accountName(subject: string, startMs: number): string {
  return `${subject} ${startMs}`;
}
