// Writing the ledger through Kysely, in a transaction of its own or in the one that is under way.
import { CompiledQuery, type Kysely, type Transaction } from "kysely";
import { inTransaction } from "../in-transaction.ts";
import type { InLedgerTransaction, LedgerTables } from "../ledger/ledger-tables.ts";
import { postgresLedgerTables } from "../ledger/postgres-ledger-tables.ts";
import { sqliteLedgerTables } from "../ledger/sqlite-ledger-tables.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";

export function ledgerTransactions(db: Kysely<Database>, engine: Engine): InLedgerTransaction {
  return (work) => inTransaction(db, (transaction) => work(ledgerTables(transaction, engine)));
}

function ledgerTables(transaction: Transaction<Database>, engine: Engine): LedgerTables {
  if (engine === "postgres") return postgresLedgerTables(transaction);
  return sqliteLedgerTables((sql, parameters) => transaction.getExecutor().executeQuery(CompiledQuery.raw(sql, [...parameters])));
}
