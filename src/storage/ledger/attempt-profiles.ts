// What many attempts have in common, kept once beside the connection that writes them: their rows name it by its number.
import { randomUUID } from "node:crypto";
import type { AttemptRow } from "../ports/ledger.ts";
import { storable } from "../storable.ts";
import { attemptColumns } from "./attempt-row.ts";
import type { RunStatement } from "./run-statement.ts";

type Column = keyof AttemptRow;

/** In the order in which rows differ most often. */
export const profileColumns = [
  "key_id",
  "model",
  "path",
  "stream",
  "status",
  "user_id",
  "group_id",
  "endpoint_id",
  "endpoint",
  "deployment_id",
  "upstream_model",
  "state",
  "error",
  "final",
  "usage_source",
  "price_version",
  "attempt_no",
  "process_id",
  "dialect",
  "method",
  "why",
] as const satisfies Column[];

interface Profile {
  number: number;
  /** Its first. */
  row: AttemptRow;
}

/** What callers put into paths is in profiles too. */
const profilesMax = 1000;

const table = "attempt_profiles";
// With the types of the ledger's table, so that values are made what they are there once.
const columns = profileColumns.map((column) => `${column} ${attemptColumns[column]}`);
const createSql = `create temp table if not exists ${table} (number integer primary key, ${columns.join(", ")})`;
// Row 0 says whose numbers these are.
const stateSql = `select max(number) as last, (select why from ${table} where number = 0) as owner from ${table}`;
const insertSql = `insert into ${table} (number, ${profileColumns.join(", ")}) values (?, ${profileColumns.map(() => "?").join(", ")})`;

/** Of one connection at a time: whoever else uses it, or another connection, finds that out in `prepare`. */
export class AttemptProfiles {
  /** Another one after each clearing: within one, numbers only grow, so that the last one tells whether the table has them all. */
  #owner = "";
  /** By deployment, then by key, which leave few to compare with. */
  readonly #byTarget = new Map<string | null, Map<string | null, Profile[]>>();
  #count = 0;
  #added: unknown[][] = [];

  /** At the beginning of each transaction: one that was rolled back has taken its profiles along, and a new connection has none. */
  async prepare(run: RunStatement): Promise<void> {
    await run(createSql, []);
    const [state] = (await run(stateSql, [])).rows as { last: number | null; owner: string | null }[];
    if (state?.owner === this.#owner && state.last === this.#count && this.#count < profilesMax) return;
    this.#byTarget.clear();
    this.#count = 0;
    this.#added = [];
    this.#owner = randomUUID();
    await run(`delete from ${table}`, []);
    await run(`insert into ${table} (number, why) values (0, ?)`, [this.#owner]);
  }

  /** The number of the row's profile, which `takeAdded` may be the first to tell. */
  numberOf(row: AttemptRow): number {
    let byKey = this.#byTarget.get(row.deployment_id);
    if (byKey === undefined) {
      byKey = new Map();
      this.#byTarget.set(row.deployment_id, byKey);
    }
    let candidates = byKey.get(row.key_id);
    if (candidates === undefined) {
      candidates = [];
      byKey.set(row.key_id, candidates);
    }
    for (const candidate of candidates) if (agree(candidate.row, row)) return candidate.number;
    this.#count += 1;
    candidates.push({ number: this.#count, row });
    this.#added.push([this.#count, ...profileColumns.map((column) => storable(row[column]))]);
    return this.#count;
  }

  /** A statement's runs that store what `numberOf` has added since the last time. */
  takeAdded(): { sql: string; parameters: unknown[][] } {
    const parameters = this.#added;
    this.#added = [];
    return { sql: insertSql, parameters };
  }
}

/** By name: going through a list of names would cost five times as much. */
function agree(a: AttemptRow, b: AttemptRow): boolean {
  return (
    a.path === b.path &&
    a.stream === b.stream &&
    a.status === b.status &&
    a.state === b.state &&
    a.error === b.error &&
    a.final === b.final &&
    a.model === b.model &&
    a.user_id === b.user_id &&
    a.group_id === b.group_id &&
    a.endpoint_id === b.endpoint_id &&
    a.endpoint === b.endpoint &&
    a.upstream_model === b.upstream_model &&
    a.usage_source === b.usage_source &&
    a.price_version === b.price_version &&
    a.attempt_no === b.attempt_no &&
    a.process_id === b.process_id &&
    a.dialect === b.dialect &&
    a.method === b.method &&
    a.why === b.why &&
    a.deployment_id === b.deployment_id &&
    a.key_id === b.key_id
  );
}
