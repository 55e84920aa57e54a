// The ledger's tables in SQLite. Nothing here needs Kysely: the ledger's thread goes without it.
import { EachRow } from "../each-row.ts";
import type { AttemptRow } from "../ports/ledger.ts";
import { storable } from "../storable.ts";
import { AttemptProfiles } from "./attempt-profiles.ts";
import { attemptInserts, settleParameters, settleSql } from "./attempt-statements.ts";
import type { LedgerTables } from "./ledger-tables.ts";
import { responseColumns } from "./response-rows.ts";
import { rowsOf } from "./row-key.ts";
import type { RunStatement } from "./run-statement.ts";
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

const addHourlySql = `${insertInto("usage_hourly", usageHourlyColumns)} ${addHourly}`;
const addLatencySql = `${insertInto("usage_latency", usageLatencyColumns)} ${addLatency}`;
const addChangedDaySql = `${insertInto("usage_changed_days", changedDayColumns)} ${addChangedDay}`;
const addLatencyTotalSql = `${insertInto("latency_hourly", latencyHourlyColumns)} ${addLatencyTotal}`;
const addResponseSql = `${insertInto("responses", responseColumns)} on conflict (id) do nothing`;
const interruptSql =
  "update attempts set state = 'interrupted', settled_at = ?, error = 'interrupted', usage_source = 'estimated' " +
  "where process_id = ? and state = 'started' returning *";
// The given rows are looked up one by one: without `cross` SQLite could as well go through the whole table for them.
const interruptedSql =
  "select attempts.* from json_each(?) as given cross join attempts on attempts.started_at = given.value ->> 0 " +
  "and attempts.id = given.value ->> 1 where attempts.state = 'interrupted'";

/** Kept of `begun` at most: attempts of processes that have died never leave it. */
const begunMax = 100_000;

/**
 * For one transaction; `profiles` and `begun` may serve one after the other. `begun`: the ids of attempts that are most likely there,
 * and not settled.
 */
export function sqliteLedgerTables(
  run: RunStatement,
  profiles = new AttemptProfiles(),
  begun: Set<string> = new Set(),
): LedgerTables {
  const forEach = async (sql: string, rows: readonly (readonly unknown[])[]): Promise<number[]> =>
    rows.length === 0 ? [] : ((await run(sql, [new EachRow(rows)])).rows as number[]);

  const settle = async (rows: readonly AttemptRow[], state: "started" | "interrupted"): Promise<Set<AttemptRow>> => {
    const settled = new Set<AttemptRow>();
    for (const final of [1, 0]) {
      const given = rows.filter((row) => row.final === final);
      const changes = await forEach(settleSql(state, final), given.map(settleParameters));
      for (const [index, row] of given.entries()) if (changes[index] === 1) settled.add(row);
    }
    return settled;
  };

  let hasProfiles = false;

  const insertAbsent = async (rows: readonly AttemptRow[]): Promise<Set<AttemptRow>> => {
    const inserted = new Set<AttemptRow>();
    if (rows.length === 0) return inserted;
    const unclear: AttemptRow[] = [];
    if (!hasProfiles) await profiles.prepare(run);
    hasProfiles = true;
    const [last] = (await run("select max(rowid) as id from attempts", [])).rows as { id: number | null }[];
    const inserts = attemptInserts(rows, profiles);
    const added = profiles.takeAdded();
    await forEach(added.sql, added.parameters);
    for (const { sql, size, rows: given, parameters } of inserts) {
      const changes = await forEach(sql, parameters);
      for (const [index, row] of given.entries()) {
        const count = changes[Math.floor(index / size)];
        if (count === size) inserted.add(row);
        else if (count !== 0) unclear.push(row);
      }
    }
    if (unclear.length === 0) return inserted;
    // A run that inserted some of its rows does not say which. New rows come behind all others.
    const behind = await run("select started_at, id from attempts where rowid > ?", [last?.id ?? 0]);
    for (const row of rowsOf(unclear, behind.rows as AttemptRow[])) inserted.add(row);
    return inserted;
  };

  return {
    async put(rows) {
      const settledRows = rows.filter((row) => row.state === "settled");
      // To insert these first, or to settle the others first, would be a statement that changes nothing for nearly each of them.
      const put = await settle(
        settledRows.filter((row) => begun.delete(row.id)),
        "started",
      );
      const absent = put.size === 0 ? rows : rows.filter((row) => !put.has(row));
      for (const row of await insertAbsent(absent)) {
        put.add(row);
        if (row.state === "started") begun.add(row.id);
      }
      if (begun.size > begunMax) begun.clear();
      const left = settledRows.filter((row) => !put.has(row));
      for (const row of await settle(left, "started")) put.add(row);
      return put;
    },
    async lockInterrupted(rows) {
      return (await run(interruptedSql, [JSON.stringify(rows.map(({ started_at, id }) => [started_at, storable(id)]))]))
        .rows as AttemptRow[];
    },
    settleInterrupted: (rows) => settle(rows, "interrupted"),
    async interrupt(processId, nowMs) {
      return (await run(interruptSql, [nowMs, processId])).rows as AttemptRow[];
    },
    async addUsage({ hourly, latency, days, latencyTotals }) {
      await forEach(
        addHourlySql,
        hourly.map((row) => Object.values(row).map(storable)),
      );
      await forEach(
        addLatencySql,
        latency.map((row) => Object.values(row)),
      );
      await forEach(
        addChangedDaySql,
        days.map(({ day }) => [day]),
      );
      await forEach(
        addLatencyTotalSql,
        latencyTotals.map((row) => Object.values(row)),
      );
    },
    async addResponses(rows) {
      await forEach(
        addResponseSql,
        rows.map((row) => Object.values(row).map(storable)),
      );
    },
  };
}

/** Values in the columns' order. */
function insertInto(table: string, columns: object): string {
  const names = Object.keys(columns);
  return `insert into ${table} (${names.map((name) => `"${name}"`).join(", ")}) values (${names.map(() => "?").join(", ")})`;
}
