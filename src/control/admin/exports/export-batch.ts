// What exports of every kind are made of: batches of rows, told of as they are written, in one format or the other.
import type { ExportContent } from "../../exports/write-export.ts";
import { type CsvColumns, csvFile, jsonFile } from "../csv.ts";

/** Rows as the list shows them. */
export interface ExportBatch<Row> {
  rows: readonly Row[];
  /** From 0 to 1, once these rows are written; null: not known. */
  progress: number | null;
}

/** `batches` as the content of a file; `shown` is a row of them in JSON. */
export function contentOf<Row extends object>(
  format: string,
  columns: CsvColumns<Row>,
  batches: AsyncIterable<ExportBatch<Row>>,
  shown: (row: Row) => object = (row) => row,
): ExportContent {
  return (report) => {
    const reported = reporting(batches, report);
    return format === "csv" ? csvFile(columns, reported) : jsonFile(objectsOf(reported, shown));
  };
}

async function* objectsOf<Row>(
  batches: AsyncIterable<readonly Row[]>,
  shown: (row: Row) => object,
): AsyncGenerator<object[], void, void> {
  for await (const rows of batches) yield rows.map(shown);
}

async function* reporting<Row>(
  batches: AsyncIterable<ExportBatch<Row>>,
  report: Parameters<ExportContent>[0],
): AsyncGenerator<readonly Row[], void, void> {
  let count = 0;
  for await (const { rows, progress } of batches) {
    count += rows.length;
    report(count, progress);
    yield rows;
  }
}

/** How much of a range, read from its end, has been read at `atMs`. */
export function shareReadBackwards({ fromMs, toMs }: { fromMs: number; toMs: number }, atMs: number): number {
  return toMs <= fromMs ? 1 : Math.min(1, Math.max(0, (toMs - atMs) / (toMs - fromMs)));
}
