// A usage report as one file, read and sent piece by piece.
import { Readable } from "node:stream";
import type { UsageDimension, UsageRowBody } from "../../../api/usage.ts";
import type { LedgerRepository } from "../../../storage/ports/ledger.ts";
import type { UsageQuery, UsageRow } from "../../../storage/ports/usage.ts";
import { type CsvColumns, csvFile, fileTypes, jsonFile } from "../csv.ts";
import { usageSlices } from "./usage-slices.ts";

export interface UsageFile {
  contentType: string;
  /** Breaks off with an error when the database goes away meanwhile. */
  content: Readable;
}

/** By time, then by what it is grouped by. Rejects with what storage throws for the first rows. */
export async function exportUsage(
  ledger: Pick<LedgerRepository, "usage" | "usageSpan">,
  query: UsageQuery,
  format: "csv" | "json",
  present: (rows: readonly UsageRow[]) => Promise<UsageRowBody[]>,
): Promise<UsageFile> {
  const slices = usageSlices(ledger, query);
  const first = await slices.next();
  const firstRows = await present(first.value?.rows ?? []);
  async function* batches(): AsyncGenerator<UsageRowBody[], void, void> {
    yield firstRows;
    for await (const { rows } of slices) yield present(rows);
  }
  const content = format === "csv" ? csvFile(usageColumns(query), batches()) : jsonFile(batches());
  return { contentType: fileTypes[format], content: Readable.from(content) };
}

const dimensionColumns: Readonly<Record<UsageDimension, readonly (keyof UsageRowBody)[]>> = {
  model: ["model"],
  endpoint: ["endpoint"],
  key: ["key", "key_name"],
  user: ["user", "user_name"],
  group: ["group", "group_name"],
};

const sums = [
  "requests",
  "errors",
  "input_tokens",
  "cached_input_tokens",
  "cache_write_tokens",
  "output_tokens",
  "reasoning_tokens",
  "cost_usd",
  "estimated_requests",
  "unpriced_requests",
  "interrupted_requests",
] as const;

/** Those that `query` asks for. */
export function usageColumns({ bucket, groupBy }: Pick<UsageQuery, "bucket" | "groupBy">): CsvColumns<UsageRowBody> {
  const names: (keyof UsageRowBody)[] = [
    ...(bucket === null ? [] : ["bucket" as const]),
    ...groupBy.flatMap((dimension) => dimensionColumns[dimension]),
    ...sums,
  ];
  return Object.fromEntries(names.map((name) => [name, (row: UsageRowBody) => row[name] ?? null]));
}
