// One statement for many rows, on SQLite: the worker binds and runs it row by row, which costs half of what taking rows out of JSON does.
import { CompiledQuery, type QueryExecutorProvider } from "kysely";

/** As a statement's only parameter: it is run once for each of `rows`, whose values are text, numbers or null. */
export class EachRow {
  readonly rows: readonly (readonly unknown[])[];
  constructor(rows: readonly (readonly unknown[])[]) {
    this.rows = rows;
  }
}

/** Runs `statement` for each of `rows` and returns the indexes of those that changed something. Inside a transaction only. */
export async function runForEach(
  executor: QueryExecutorProvider,
  statement: string,
  rows: readonly (readonly unknown[])[],
): Promise<number[]> {
  const query = CompiledQuery.raw(statement, [new EachRow(rows)]);
  const result = await executor.getExecutor().executeQuery<{ index: number }>(query);
  return result.rows.map(({ index }) => index);
}
