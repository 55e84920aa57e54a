// The ledger's tables in PostgreSQL: one statement for many rows, which come as JSON.
import { type RawBuilder, sql, type Transaction } from "kysely";
import { type ColumnType, jsonRows } from "../json-rows.ts";
import type { AttemptRow } from "../ports/ledger.ts";
import type { Database } from "../schema/database.ts";
import { attemptColumns } from "./attempt-row.ts";
import type { LedgerTables } from "./ledger-tables.ts";
import { responseColumns } from "./response-rows.ts";
import { rowsOf } from "./row-key.ts";
import {
  addChangedDay,
  addHourly,
  addLatency,
  addLatencyTotal,
  changedDayColumns,
  latencyHourlyColumns,
  usageHourlyColumns,
  usageLatencyColumns,
} from "./usage-statements.ts";

const columnNames = Object.keys(attemptColumns) as (keyof AttemptRow)[];
const quoted = (columns: readonly string[]) => sql.join(columns.map((column) => sql.ref(column)));
type Key = Pick<AttemptRow, "started_at" | "id">;

export function postgresLedgerTables(transaction: Transaction<Database>): LedgerTables {
  const insertAbsent = async (rows: readonly AttemptRow[]): Promise<Set<AttemptRow>> => {
    const result = await sql<Key>`
      insert into attempts (${quoted(columnNames)})
      select ${quoted(columnNames)} from ${jsonRows("postgres", attemptColumns, rows)} where true order by started_at, id
      on conflict (started_at, id) do nothing
      returning started_at, id`.execute(transaction);
    return rowsOf(rows, result.rows);
  };

  /** Overwrites those of the rows whose stored state is `state`, and returns those. */
  const settle = async (rows: readonly AttemptRow[], state: "started" | "interrupted"): Promise<Set<AttemptRow>> => {
    if (rows.length === 0) return new Set();
    const assigned = columnNames.slice(2).map((column) => sql`${sql.ref(column)} = given.${sql.ref(column)}`);
    const result = await sql<Key>`
      update attempts set ${sql.join(assigned)} from ${jsonRows("postgres", attemptColumns, rows)}
      where attempts.started_at = given.started_at and attempts.id = given.id and attempts.state = ${sql.lit(state)}
      returning attempts.started_at, attempts.id`.execute(transaction);
    return rowsOf(rows, result.rows);
  };

  /** `rows` in the order of their keys, so that concurrent writers lock rows in the same order. */
  const insert = async <Row extends object>(
    table: string,
    columns: Readonly<Record<string & keyof Row, ColumnType>>,
    rows: readonly Row[],
    onConflict: RawBuilder<unknown>,
  ): Promise<void> => {
    if (rows.length === 0) return;
    const names = quoted(Object.keys(columns));
    await sql`insert into ${sql.table(table)} (${names}) select ${names} from ${jsonRows("postgres", columns, rows)} where true
      ${onConflict}`.execute(transaction);
  };

  return {
    async put(rows) {
      const put = await insertAbsent(rows);
      const left = rows.filter((row) => row.state === "settled" && !put.has(row));
      for (const row of await settle(left, "started")) put.add(row);
      return put;
    },
    async lockInterrupted(rows) {
      const keys = rows.map(({ started_at, id }) => ({ started_at, id }));
      const result = await sql<AttemptRow>`
        select attempts.* from attempts join ${jsonRows("postgres", { started_at: "bigint", id: "text" }, keys)}
        on attempts.started_at = given.started_at and attempts.id = given.id
        where attempts.state = 'interrupted' for update of attempts`.execute(transaction);
      return result.rows;
    },
    settleInterrupted: (rows) => settle(rows, "interrupted"),
    async interrupt(processId, nowMs) {
      return transaction
        .updateTable("attempts")
        .set({ state: "interrupted", settled_at: nowMs, error: "interrupted", usage_source: "estimated" })
        .where("process_id", "=", processId)
        .where("state", "=", sql.lit("started")) // as the partial index says it
        .returningAll()
        .execute();
    },
    async addUsage({ hourly, latency, days, latencyTotals }) {
      await insert("usage_hourly", usageHourlyColumns, hourly, sql.raw(addHourly));
      await insert("usage_latency", usageLatencyColumns, latency, sql.raw(addLatency));
      await insert("usage_changed_days", changedDayColumns, days, sql.raw(addChangedDay));
      await insert("latency_hourly", latencyHourlyColumns, latencyTotals, sql.raw(addLatencyTotal));
    },
    addResponses: (rows) => insert("responses", responseColumns, rows, sql`order by id, created_at on conflict (id) do nothing`),
  };
}
