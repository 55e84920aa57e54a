// Sums of usage for an export, oldest first, so many days at a time that neither the database nor the memory notices.
import type { UsageRowBody } from "../../../api/usage.ts";
import type { Storage } from "../../../storage/ports/storage.ts";
import type { UsageQuery } from "../../../storage/ports/usage.ts";
import type { ExportScope } from "../../exports/export-scope.ts";
import { withNames } from "../usage/report.ts";
import { usageSlices } from "../usage/usage-slices.ts";
import type { ExportBatch } from "./export-batch.ts";

export async function* usageBatches(
  database: Storage,
  query: UsageQuery,
  { knownGroupIds }: ExportScope,
): AsyncGenerator<ExportBatch<UsageRowBody>, void, void> {
  for await (const { rows, progress } of usageSlices(database.ledger, query)) {
    yield { rows: await withNames(database, knownGroupIds ?? undefined, query, rows), progress };
  }
}
