// Attempts by their primary key.
import type { AttemptRow } from "../ports/ledger.ts";

type Key = Pick<AttemptRow, "started_at" | "id">;

export function rowKey({ started_at, id }: Key): string {
  return `${started_at} ${id}`;
}

/** Those of `rows` whose keys came back from a statement. */
export function rowsOf(rows: readonly AttemptRow[], returned: readonly Key[]): Set<AttemptRow> {
  if (returned.length === 0) return new Set();
  const keys = new Set(returned.map(rowKey));
  return new Set(rows.filter((row) => keys.has(rowKey(row))));
}
