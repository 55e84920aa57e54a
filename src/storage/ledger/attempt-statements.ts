// Statements that write attempts to SQLite. Binding a value costs more than storing it, so values that many rows share are bound once for all.
import type { AttemptRow } from "../port.ts";
import { storable } from "../storable.ts";
import { attemptColumns } from "./attempt-row.ts";

type Column = keyof AttemptRow;

/** What a settled record changes in the row of a started one, `final` aside; all else it repeats. */
const outcomeColumns = [
  "state",
  "settled_at",
  "status",
  "error",
  "ttft_ms",
  "duration_ms",
  "input_tokens",
  "cached_input_tokens",
  "cache_write_tokens",
  "output_tokens",
  "reasoning_tokens",
  "usage_source",
  "cost_nano_usd",
  "price_version",
] as const satisfies Column[];

/** Columns in which rows rarely agree. */
const ownColumns: readonly Column[] = [
  "started_at",
  "id",
  "request_id",
  "request_started_at",
  "key_id",
  "user_id",
  "stream",
  "settled_at",
  "ttft_ms",
  "duration_ms",
  "input_tokens",
  "cached_input_tokens",
  "cache_write_tokens",
  "output_tokens",
  "reasoning_tokens",
  "cost_nano_usd",
];

const columns = Object.keys(attemptColumns) as Column[];
/** Where they are among a row's values; getting at thousands of those by name would be what costs most here. */
const ownPlaces = ownColumns.map((column) => columns.indexOf(column));
const sharedPlaces = [...columns.keys()].filter((place) => !ownPlaces.includes(place));

/** Rows that agree in all but their own columns. */
interface Group {
  rows: AttemptRow[];
  /** Of each row, in the table's order. */
  values: unknown[][];
}

/** One statement's runs: each inserts `size` of the rows, in their order. */
export interface AttemptInserts {
  sql: string;
  size: number;
  rows: AttemptRow[];
  parameters: unknown[][];
}

const sizes = [32, 8, 4, 2, 1];
const insertSql = new Map(sizes.map((size) => [size, insertStatement(size)]));

/** The fewest runs that insert `rows`, those left out whose keys are there already. */
export function attemptInserts(rows: readonly AttemptRow[]): AttemptInserts[] {
  const bySize = new Map<number, AttemptInserts>();
  for (const group of groupsOf(rows)) {
    const shared = pick(group.values[0] as unknown[], sharedPlaces);
    for (let from = 0; from < group.rows.length; ) {
      const size = sizes.find((candidate) => candidate <= group.rows.length - from) as number;
      let inserts = bySize.get(size);
      if (inserts === undefined) {
        inserts = { sql: insertSql.get(size) as string, size, rows: [], parameters: [] };
        bySize.set(size, inserts);
      }
      const parameters = [...shared];
      for (const end = from + size; from < end; from += 1) {
        inserts.rows.push(group.rows[from] as AttemptRow);
        for (const place of ownPlaces) parameters.push(storable((group.values[from] as unknown[])[place]));
      }
      inserts.parameters.push(parameters);
    }
  }
  return [...bySize.values()];
}

/** Settles the row that `settleParameters` are of, if it is there in that state. */
export function settleSql(state: "started" | "interrupted", final: number): string {
  return settleStatements[state][final === 1 ? 1 : 0];
}

export function settleParameters(row: AttemptRow): unknown[] {
  return pick(Object.values(row), settlePlaces);
}

const settlePlaces = [...outcomeColumns, "started_at", "id"].map((column) => columns.indexOf(column as Column));
const settleStatements = { started: settleStatementsOf("started"), interrupted: settleStatementsOf("interrupted") };

/**
 * By `final`. A row counts as final until it is settled, and a statement that names `final` writes every index that has it in its
 * condition anew, whatever it sets: so only the one that changes it does.
 */
function settleStatementsOf(state: "started" | "interrupted"): readonly [string, string] {
  const settle = `update attempts set ${outcomeColumns.map((column) => `${column} = ?`).join(", ")}`;
  const where = `where started_at = ? and id = ? and state = '${state}'`;
  return [`${settle}, final = 0 ${where}`, `${settle} ${where}`];
}

function insertStatement(size: number): string {
  const tuples = Array.from({ length: size }, (_, index) => {
    const firstOwn = sharedPlaces.length + index * ownPlaces.length + 1;
    const numbers = columns.map((_, place) => {
      const own = ownPlaces.indexOf(place);
      return own < 0 ? sharedPlaces.indexOf(place) + 1 : firstOwn + own;
    });
    return `(${numbers.map((number) => `?${number}`).join(", ")})`;
  });
  return `insert into attempts (${columns.join(", ")}) values ${tuples.join(", ")} on conflict (started_at, id) do nothing`;
}

function pick(values: readonly unknown[], places: readonly number[]): unknown[] {
  return places.map((place) => storable(values[place]));
}

function groupsOf(rows: readonly AttemptRow[]): Group[] {
  const groups: Group[] = [];
  /** By what differs most often, which leaves few groups to compare with. */
  const byTarget = new Map<string, Group[]>();
  for (const row of rows) {
    const key = `${row.deployment_id} ${row.path}`;
    let candidates = byTarget.get(key);
    if (candidates === undefined) {
      candidates = [];
      byTarget.set(key, candidates);
    }
    const values: unknown[] = Object.values(row);
    let group = candidates.find((candidate) => agree(candidate.values[0] as unknown[], values));
    if (group === undefined) {
      group = { rows: [], values: [] };
      candidates.push(group);
      groups.push(group);
    }
    group.rows.push(row);
    group.values.push(values);
  }
  return groups;
}

function agree(a: readonly unknown[], b: readonly unknown[]): boolean {
  for (const place of sharedPlaces) if (a[place] !== b[place]) return false;
  return true;
}
