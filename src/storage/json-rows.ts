// Many rows as one parameter: a statement's text stays the same whatever their number, and both engines read JSON fast.
import { type RawBuilder, sql } from "kysely";
import type { Engine } from "./ports/storage.ts";
import { storable } from "./storable.ts";

export type ColumnType = "text" | "bigint";

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
