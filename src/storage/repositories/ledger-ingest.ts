// Writing the ledger: rows and roll-ups change together, exactly once per attempt, whatever the order and repetition of records.
import { type Kysely, sql, type Transaction } from "kysely";
import type { LedgerRecord } from "../../domain/ledger-record.ts";
import { attemptColumns, attemptRow } from "../attempt-row.ts";
import { runForEach } from "../each-row.ts";
import { inTransaction } from "../in-transaction.ts";
import { jsonRows, storable } from "../json-rows.ts";
import type { AttemptRow, Engine } from "../port.ts";
import type { Database } from "../schema.ts";
import { UsageRollUp, usageHourlyColumns, usageLatencyColumns, usageSums } from "../usage-roll-up.ts";
import { ingestResponses } from "./responses.ts";

/** Rows per statement: enough to make round trips cheap, few enough to keep a statement's memory small. */
const rowsPerStatement = 2000;

const rowKey = (row: { started_at: number; id: string }) => `${row.started_at} ${row.id}`;
const quoted = (columns: readonly string[]) => sql.join(columns.map((column) => sql.ref(column)));
const columnNames = Object.keys(attemptColumns) as (keyof AttemptRow)[];
const insertOrIgnore =
  `insert into attempts (${columnNames.join(", ")}) values (${columnNames.map(() => "?").join(", ")}) ` +
  "on conflict (started_at, id) do nothing";

/**
 * Takes records into the ledger; see LedgerRepository.ingest. What decides is the row itself: a settled record counts only when its
 * statement inserted the row or turned it from started or interrupted into settled, so two processes that take the same record count it once.
 */
export async function ingestRecords(db: Kysely<Database>, engine: Engine, records: readonly LedgerRecord[]): Promise<number> {
  const rows = strongestRows(records);
  if (rows.length === 0) return 0;
  return inTransaction(db, async (transaction) => {
    const rollUp = new UsageRollUp();
    let changed = 0;
    for (let from = 0; from < rows.length; from += rowsPerStatement) {
      changed += await ingestRows(transaction, engine, rows.slice(from, from + rowsPerStatement), rollUp);
    }
    await applyRollUp(transaction, engine, rollUp);
    await ingestResponses(transaction, engine, records);
    return changed;
  });
}

/** Marks what a process that is gone left behind; see LedgerRepository.interrupt. */
export async function interruptAttempts(db: Kysely<Database>, engine: Engine, processId: string, nowMs: number): Promise<number> {
  return inTransaction(db, async (transaction) => {
    const rows = await transaction
      .updateTable("attempts")
      .set({ state: "interrupted", settled_at: nowMs, error: "interrupted", usage_source: "estimated" })
      .where("process_id", "=", processId)
      .where("state", "=", sql.lit("started")) // as the partial index says it
      .returningAll()
      .execute();
    const rollUp = new UsageRollUp();
    for (const row of rows) rollUp.add(row);
    await applyRollUp(transaction, engine, rollUp);
    return rows.length;
  });
}

/** One row per attempt: settled if any record of it is. By key, so that concurrent writers lock rows in the same order. */
function strongestRows(records: readonly LedgerRecord[]): AttemptRow[] {
  const byKey = new Map<string, LedgerRecord>();
  for (const record of records) {
    const key = `${Math.round(record.startedAtMs)} ${record.id}`;
    const present = byKey.get(key);
    if (present === undefined || (present.event === "started" && record.event === "settled")) byKey.set(key, record);
  }
  return [...byKey.values()].map(attemptRow).sort((a, b) => a.started_at - b.started_at || (a.id < b.id ? -1 : 1));
}

async function ingestRows(
  transaction: Transaction<Database>,
  engine: Engine,
  rows: readonly AttemptRow[],
  rollUp: UsageRollUp,
): Promise<number> {
  let open = rows;
  const close = (changed: ReadonlySet<AttemptRow>) => {
    const left: AttemptRow[] = [];
    for (const row of open) {
      if (row.state !== "settled") continue;
      if (changed.has(row)) rollUp.add(row);
      else left.push(row);
    }
    open = left;
    return changed.size;
  };
  let changed = close(await insertAbsent(transaction, engine, rows));
  // Left: attempts whose start was taken in earlier, that were declared interrupted too early, or that are settled already.
  changed += close(await settleRows(transaction, engine, open, "started"));
  for (const row of await lockInterrupted(transaction, engine, open)) rollUp.subtract(row);
  changed += close(await settleRows(transaction, engine, open, "interrupted"));
  return changed;
}

/** Inserts the rows that are not there yet, and returns those. */
async function insertAbsent(
  transaction: Transaction<Database>,
  engine: Engine,
  rows: readonly AttemptRow[],
): Promise<Set<AttemptRow>> {
  if (rows.length === 0) return new Set();
  if (engine === "sqlite") {
    // A row has the columns in the table's order: values are taken as they lie, which is much cheaper than by name.
    const values = rows.map((row) => Object.values(row).map(storable));
    const inserted = await runForEach(transaction, insertOrIgnore, values);
    return new Set(inserted.map((index) => rows[index] as AttemptRow));
  }
  const result = await sql<{ started_at: number; id: string }>`
    insert into attempts (${quoted(columnNames)})
    select ${quoted(columnNames)} from ${jsonRows(engine, attemptColumns, rows)} where true order by started_at, id
    on conflict (started_at, id) do nothing
    returning started_at, id`.execute(transaction);
  return rowsOf(rows, result.rows);
}

/** Those of `rows` whose keys came back from a statement. */
function rowsOf(rows: readonly AttemptRow[], returned: readonly { started_at: number; id: string }[]): Set<AttemptRow> {
  if (returned.length === 0) return new Set();
  const keys = new Set(returned.map(rowKey));
  return new Set(rows.filter((row) => keys.has(rowKey(row))));
}

/** Overwrites those of the rows whose stored state is `state`, and returns those. */
async function settleRows(
  transaction: Transaction<Database>,
  engine: Engine,
  rows: readonly AttemptRow[],
  state: "started" | "interrupted",
): Promise<Set<AttemptRow>> {
  if (rows.length === 0) return new Set();
  const assigned = columnNames.slice(2).map((column) => sql`${sql.ref(column)} = given.${sql.ref(column)}`);
  const result = await sql<{ started_at: number; id: string }>`
    update attempts set ${sql.join(assigned)} from ${jsonRows(engine, attemptColumns, rows)}
    where attempts.started_at = given.started_at and attempts.id = given.id and attempts.state = ${sql.lit(state)}
    returning attempts.started_at, attempts.id`.execute(transaction);
  return rowsOf(rows, result.rows);
}

/** The stored rows of these that are interrupted; on PostgreSQL nobody else can change them until the transaction ends. */
async function lockInterrupted(
  transaction: Transaction<Database>,
  engine: Engine,
  rows: readonly AttemptRow[],
): Promise<AttemptRow[]> {
  if (rows.length === 0) return [];
  const keys = rows.map(({ started_at, id }) => ({ started_at, id }));
  const result = await sql<AttemptRow>`
    select attempts.* from attempts join ${jsonRows(engine, { started_at: "bigint", id: "text" }, keys)}
    on attempts.started_at = given.started_at and attempts.id = given.id
    where attempts.state = 'interrupted' ${engine === "postgres" ? sql`for update of attempts` : sql``}`.execute(transaction);
  return result.rows;
}

async function applyRollUp(transaction: Transaction<Database>, engine: Engine, rollUp: UsageRollUp): Promise<void> {
  const { hourly, latency } = rollUp;
  if (hourly.length > 0) {
    const columns = quoted(Object.keys(usageHourlyColumns));
    const added = usageSums.map(
      (column) => sql`${sql.ref(column)} = usage_hourly.${sql.ref(column)} + excluded.${sql.ref(column)}`,
    );
    await sql`
      insert into usage_hourly (${columns}) select ${columns} from ${jsonRows(engine, usageHourlyColumns, hourly)} where true
      on conflict (hour, dims) do update set ${sql.join(added)}`.execute(transaction);
  }
  if (latency.length > 0) {
    const columns = quoted(Object.keys(usageLatencyColumns));
    await sql`
      insert into usage_latency (${columns}) select ${columns} from ${jsonRows(engine, usageLatencyColumns, latency)} where true
      on conflict (hour, dims, metric, bucket) do update set "count" = usage_latency."count" + excluded."count"`.execute(
      transaction,
    );
  }
}
