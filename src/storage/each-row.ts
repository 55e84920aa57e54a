// One statement for many rows, on SQLite: it is bound and run row by row, which costs half of what taking rows out of JSON does.

/** As a statement's only parameter: it is run once for each of `rows`, whose values are text, numbers or null. */
export class EachRow {
  readonly rows: readonly (readonly unknown[])[];
  constructor(rows: readonly (readonly unknown[])[]) {
    this.rows = rows;
  }
}
