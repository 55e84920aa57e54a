// Writing the ledger: rows and roll-ups change together, exactly once per attempt, whatever the order and repetition of records.
import type { LedgerRecord } from "../../domain/ledger-record.ts";
import type { AttemptRow } from "../ports/ledger.ts";
import type { ResponseRow } from "../ports/responses.ts";
import { attemptRow } from "./attempt-row.ts";
import type { InLedgerTransaction, LedgerTables } from "./ledger-tables.ts";
import { responseRow, responsesInOrder } from "./response-rows.ts";
import { rowsOf } from "./row-key.ts";
import { UsageRollUp } from "./usage-roll-up.ts";

/** Taken at once: enough to make statements and round trips cheap, few enough to keep their memory small. */
const recordsPerSlice = 500;

/**
 * Takes records into the ledger; see LedgerRepository.ingest. What decides is the row itself: a settled record counts only when its
 * statement inserted the row or turned it from started or interrupted into settled, so two processes that take the same record count it once.
 */
export async function ingestRecords(inTransaction: InLedgerTransaction, records: Iterable<LedgerRecord>): Promise<number> {
  const slices = slicesOf(records);
  const first = slices.next();
  if (first.done === true) return 0;
  return inTransaction(async (tables) => {
    const rollUp = new UsageRollUp();
    const responses: ResponseRow[] = [];
    let changed = 0;
    for (let next: IteratorResult<LedgerRecord[]> = first; next.done !== true; next = slices.next()) {
      changed += await ingestRows(tables, strongestRows(next.value), rollUp);
      for (const record of next.value) {
        const row = responseRow(record);
        if (row !== null) responses.push(row);
      }
    }
    await tables.addUsage(rollUp.addition());
    await tables.addResponses(responsesInOrder(responses));
    return changed;
  });
}

/** Marks what a process that is gone left behind; see LedgerRepository.interrupt. */
export async function interruptAttempts(inTransaction: InLedgerTransaction, processId: string, nowMs: number): Promise<number> {
  return inTransaction(async (tables) => {
    const rows = await tables.interrupt(processId, nowMs);
    const rollUp = new UsageRollUp();
    for (const row of rows) rollUp.add(row);
    await tables.addUsage(rollUp.addition());
    return rows.length;
  });
}

/** The records are taken as they are needed: however many there are, few of them are in memory at once. */
function* slicesOf(records: Iterable<LedgerRecord>): Generator<LedgerRecord[], void, undefined> {
  let slice: LedgerRecord[] = [];
  for (const record of records) {
    slice.push(record);
    if (slice.length < recordsPerSlice) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

/** One row per attempt: settled if any record of it is. By key, so that concurrent writers lock rows in the same order. */
function strongestRows(records: readonly LedgerRecord[]): AttemptRow[] {
  const strongest: AttemptRow[] = [];
  for (const row of records.map(attemptRow).sort(byKey)) {
    const present = strongest.at(-1);
    if (present === undefined || byKey(present, row) !== 0) strongest.push(row);
    else if (present.state === "started" && row.state === "settled") strongest[strongest.length - 1] = row;
  }
  return strongest;
}

function byKey(a: AttemptRow, b: AttemptRow): number {
  return a.started_at - b.started_at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

async function ingestRows(tables: LedgerTables, rows: readonly AttemptRow[], rollUp: UsageRollUp): Promise<number> {
  const put = await tables.put(rows);
  for (const row of put) if (row.state === "settled") rollUp.add(row);
  // Left: attempts that were declared interrupted too early, or that are settled already.
  const left = rows.filter((row) => row.state === "settled" && !put.has(row));
  if (left.length === 0) return put.size;
  const interrupted = await tables.lockInterrupted(left);
  if (interrupted.length === 0) return put.size;
  for (const row of interrupted) rollUp.subtract(row);
  const settled = await tables.settleInterrupted([...rowsOf(left, interrupted)]);
  for (const row of settled) rollUp.add(row);
  return put.size + settled.size;
}
