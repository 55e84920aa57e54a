// Statements that write attempts to SQLite. Binding a value costs more than storing it: of a row only what is its own is bound.
import type { AttemptRow } from "../ports/ledger.ts";
import { storable } from "../storable.ts";
import { type AttemptProfiles, profileColumns } from "./attempt-profiles.ts";
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
  "token_details",
] as const satisfies Column[];

/** What most attempts have that a row is not bound for, in SQL. */
const plain: Readonly<Partial<Record<Column, string>>> = {
  request_started_at: "given.started_at",
  cached_input_tokens: "0",
  cache_write_tokens: "0",
  reasoning_tokens: "0",
  token_details: "null",
};

const columns = Object.keys(attemptColumns) as (Column & string)[];
const ownColumns = columns.filter((column) => !(profileColumns as readonly Column[]).includes(column));

/** One statement's runs: each inserts `size` of the rows, in their order. */
export interface AttemptInserts {
  sql: string;
  size: number;
  rows: AttemptRow[];
  parameters: unknown[][];
}

/** Of runs. Each native call costs as much as binding a few rows. */
const sizes = [250, 64, 16, 4, 1];

/** How rows of a kind are bound. */
interface Kind {
  bind(to: unknown[], row: AttemptRow): void;
  sql: ReadonlyMap<number, string>;
}

const plainRows: Kind = {
  bind(to, row) {
    to.push(row.started_at, storable(row.id), storable(row.request_id), row.settled_at, row.ttft_ms, row.duration_ms);
    to.push(row.input_tokens, row.output_tokens, row.cost_nano_usd);
  },
  sql: insertStatements(ownColumns.filter((column) => plain[column] === undefined)),
};
const otherRows: Kind = {
  bind(to, row) {
    to.push(row.started_at, storable(row.id), storable(row.request_id), row.request_started_at, row.settled_at, row.ttft_ms);
    to.push(row.duration_ms, row.input_tokens, row.cached_input_tokens, row.cache_write_tokens, row.output_tokens);
    to.push(row.reasoning_tokens, row.cost_nano_usd, row.token_details);
  },
  sql: insertStatements(ownColumns),
};

function isPlain(row: AttemptRow): boolean {
  return (
    row.request_started_at === row.started_at &&
    row.cached_input_tokens === 0 &&
    row.cache_write_tokens === 0 &&
    row.reasoning_tokens === 0 &&
    row.token_details === null
  );
}

/** The fewest runs that insert `rows`, those left out whose keys are there already. Their profiles have to be stored before. */
export function attemptInserts(rows: readonly AttemptRow[], profiles: AttemptProfiles): AttemptInserts[] {
  const plainOnes: AttemptRow[] = [];
  const others: AttemptRow[] = [];
  for (const row of rows) (isPlain(row) ? plainOnes : others).push(row);
  return [...insertsOf(plainRows, plainOnes, profiles), ...insertsOf(otherRows, others, profiles)];
}

function insertsOf({ bind, sql }: Kind, rows: readonly AttemptRow[], profiles: AttemptProfiles): AttemptInserts[] {
  const inserts: AttemptInserts[] = [];
  let from = 0;
  for (const size of sizes) {
    const runs = Math.floor((rows.length - from) / size);
    if (runs === 0) continue;
    const given = rows.slice(from, from + runs * size);
    const parameters = Array.from({ length: runs }, (_, run) => {
      const values: unknown[] = [];
      for (let index = run * size; index < (run + 1) * size; index += 1) {
        const row = given[index] as AttemptRow;
        bind(values, row);
        values.push(profiles.numberOf(row));
      }
      return values;
    });
    inserts.push({ sql: sql.get(size) as string, size, rows: given, parameters });
    from += given.length;
  }
  return inserts;
}

/** By size; the values of a row are those of `own`, and the number of its profile. Without its profile a row is refused, not left out. */
function insertStatements(own: readonly Column[]): ReadonlyMap<number, string> {
  const sqlOf = (column: Column): string => {
    if (own.includes(column)) return `given.${column}`;
    return plain[column] ?? `attempt_profiles.${column}`;
  };
  const tuple = `(${own.map(() => "?").join(", ")}, ?)`;
  const statement = (size: number) =>
    `with given (${own.join(", ")}, profile) as (values ${Array(size).fill(tuple).join(", ")})
    insert into attempts (${columns.join(", ")}) select ${columns.map(sqlOf).join(", ")}
    from given left join attempt_profiles on attempt_profiles.number = given.profile
    where true on conflict (started_at, id) do nothing`;
  return new Map(sizes.map((size) => [size, statement(size)]));
}

/** Settles the row that `settleParameters` are of, if it is there in that state. */
export function settleSql(state: "started" | "interrupted", final: number): string {
  return settleStatements[state][final === 1 ? 1 : 0];
}

export function settleParameters(row: AttemptRow): unknown[] {
  return settleColumns.map((column) => storable(row[column]));
}

const settleColumns = [...outcomeColumns, "started_at", "id"] as const satisfies Column[];
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
