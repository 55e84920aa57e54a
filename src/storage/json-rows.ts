// Many rows as one parameter: a statement's text stays the same whatever their number, and both engines read JSON fast.
import { type RawBuilder, sql } from "kysely";
import type { Engine } from "./port.ts";

export type ColumnType = "text" | "bigint";

/** PostgreSQL takes neither NUL in text nor half a surrogate pair; a record with one must not block the ledger. */
const unstorable = /[\0\ud800-\udfff]/;

/** A value as it can be stored: text with its unstorable parts replaced, anything else as it is. */
export function storable<Value>(value: Value | string): Value | string {
  if (typeof value !== "string" || !unstorable.test(value)) return value;
  return Buffer.from(value.replaceAll("\0", "\ufffd")).toString();
}

/**
 * A table expression named `given` with the given columns, in their order. `Row` values must be text, integers or null, as `columns` says.
 */
export function jsonRows<Row extends object>(
  engine: Engine,
  columns: Readonly<Record<string & keyof Row, ColumnType>>,
  rows: readonly Row[],
): RawBuilder<Row> {
  const names = Object.keys(columns) as (string & keyof Row)[];
  if (engine === "postgres") {
    const json = JSON.stringify(rows, (_, value) => storable(value));
    const typed = names.map((name) => sql`${sql.ref(name)} ${sql.raw(columns[name])}`);
    return sql<Row>`json_to_recordset(cast(${json} as json)) as given(${sql.join(typed)})`;
  }
  const values = rows.map((row) => names.map((name) => storable(row[name])));
  const picked = names.map((name, index) => sql`value ->> ${sql.lit(index)} as ${sql.ref(name)}`);
  return sql<Row>`(select ${sql.join(picked)} from json_each(${JSON.stringify(values)})) as given`;
}
