// Tables as files: CSV that no spreadsheet runs, and JSON arrays, sent piece by piece.

/** One line of RFC 4180, with its end. */
export function csvLine(values: readonly (string | number | null)[]): string {
  return `${values.map((value) => csvValue(value)).join(",")}\r\n`;
}

/**
 * A spreadsheet takes a cell that begins so for a formula, and runs it: an apostrophe makes it text (OWASP, "CSV Injection"). Where people
 * separate cells by semicolons, one begins after each, quotes or not.
 */
const formulaStart = /(^|[;\t\r\n])(?=\s*[=+\-@＝＋－＠])/g;

function csvValue(value: string | number | null): string {
  if (typeof value !== "string") return value === null ? "" : String(value);
  const safe = value.replace(formulaStart, "$1'");
  const text = /^[\t\r\n]/.test(safe) ? `'${safe}` : safe;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Columns by name, in their order. */
export type CsvColumns<Row> = Readonly<Record<string, (row: Row) => string | number | null>>;

/** The line of names, then the rows of each batch as one piece. */
export async function* csvFile<Row>(
  columns: CsvColumns<Row>,
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string, void, void> {
  yield csvLine(Object.keys(columns));
  const values = Object.values(columns);
  for await (const rows of batches) {
    if (rows.length > 0) yield rows.map((row) => csvLine(values.map((of) => of(row)))).join("");
  }
}

/** One array, an entry on each line. */
export async function* jsonFile(batches: AsyncIterable<readonly object[]>): AsyncGenerator<string, void, void> {
  let separator = "[\n";
  for await (const entries of batches) {
    if (entries.length === 0) continue;
    yield separator + entries.map((entry) => JSON.stringify(entry)).join(",\n");
    separator = ",\n";
  }
  yield separator === "[\n" ? "[]\n" : "\n]\n";
}

/** Content types of the two. */
export const fileTypes = {
  csv: "text/csv; charset=utf-8; header=present",
  json: "application/json; charset=utf-8",
} as const;
