// How the ledger's statements reach SQLite.

/** Runs a statement in the transaction; with an EachRow as its only parameter, the rows are numbers of changed rows. */
export type RunStatement = (sql: string, parameters: readonly unknown[]) => Promise<{ rows: unknown[] }>;
