// The ledger alone, for the thread that writes it: SQLite right on that thread, and without Kysely, which would cost it 15 MB.
import { InlineSqlite } from "./inline-sqlite.ts";
import { AttemptProfiles } from "./ledger/attempt-profiles.ts";
import { ingestRecords, interruptAttempts } from "./ledger/ingest.ts";
import type { LedgerTables } from "./ledger/ledger-tables.ts";
import { sqliteLedgerTables } from "./ledger/sqlite-ledger-tables.ts";
import type { StorageOptions } from "./open-storage.ts";
import type { LedgerIntake } from "./ports/ledger.ts";
import { sqlitePath } from "./sqlite-path.ts";
import { SqliteTransaction } from "./sqlite-transaction.ts";

export interface OpenLedger {
  ledger: LedgerIntake;
  close(): Promise<void>;
}

/** How long to wait for the admin API's writes, which have a connection of their own. */
const busyTimeoutMs = 2000;

/** As openStorage: neither connects nor migrates. One call at a time: its transactions don't queue. */
export async function openLedger({ databaseUrl, dataDir }: StorageOptions): Promise<OpenLedger> {
  if (databaseUrl !== null) {
    const { openPostgres } = await import("./postgres.ts");
    const storage = await openPostgres({ url: databaseUrl, maxConnections: 2 });
    return { ledger: storage.ledger, close: () => storage.close() };
  }
  const sqlite = new InlineSqlite({ path: sqlitePath(dataDir), busyTimeoutMs, journal: "wal" });
  const profiles = new AttemptProfiles();
  const begun = new Set<string>();
  const inTransaction = async <T>(work: (tables: LedgerTables) => Promise<T>): Promise<T> => {
    const transaction = await SqliteTransaction.begin(sqlite);
    try {
      const result = await work(sqliteLedgerTables((sql, parameters) => transaction.run(sql, parameters), profiles, begun));
      await transaction.commit();
      return result;
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
  };
  const ledger: LedgerIntake = {
    ingest: (records) => ingestRecords(inTransaction, records),
    interrupt: (processId, nowMs) => interruptAttempts(inTransaction, processId, nowMs),
  };
  return { ledger, close: () => sqlite.close() };
}
