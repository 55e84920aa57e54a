// Exports of requests, usage and the audit log, made from the database of this installation.
import { exportQueries } from "../../../api/exports.ts";
import type { ExportRow } from "../../../storage/ports/exports.ts";
import type { OwnedBy } from "../../../storage/ports/owned-by.ts";
import type { Storage } from "../../../storage/ports/storage.ts";
import { ExportRuns, type ExportRunsOptions } from "../../exports/export-runs.ts";
import type { ExportScope } from "../../exports/export-scope.ts";
import type { ExportContent } from "../../exports/write-export.ts";
import { auditColumns } from "../audit/export.ts";
import { presentAuditEntry } from "../audit/present.ts";
import { usageColumns } from "../usage/export.ts";
import { auditBatches } from "./audit-batches.ts";
import { contentOf } from "./export-batch.ts";
import { requestBatches, requestColumns } from "./request-batches.ts";
import { usageBatches } from "./usage-batches.ts";

export function createExportRuns(options: Omit<ExportRunsOptions, "contentOf">): ExportRuns {
  return new ExportRuns({ ...options, contentOf: exportContent });
}

function exportContent(database: Storage, row: ExportRow): ExportContent {
  const { format, created_at: nowMs } = row;
  const scope = JSON.parse(row.scope) as ExportScope;
  const query: unknown = JSON.parse(row.query);
  const ownedBy = ownedByScope(scope);
  switch (row.kind) {
    case "requests": {
      const parsed = exportQueries.requests.parse(query);
      return contentOf(format, requestColumns, requestBatches(database, parsed, scope, ownedBy, nowMs));
    }
    case "usage": {
      const { from = nowMs, to = nowMs, group_by: groupBy = [], bucket = null, ...filter } = exportQueries.usage.parse(query);
      const parsed = { fromMs: from, toMs: to, groupBy, bucket, filter, ownedBy };
      return contentOf(format, usageColumns(parsed), usageBatches(database, parsed, scope));
    }
    default: {
      const parsed = exportQueries.audit.parse(query);
      return contentOf(format, auditColumns, auditBatches(database, parsed, nowMs), presentAuditEntry);
    }
  }
}

/** Undefined: everything. */
function ownedByScope({ reach, userId, groupIds }: ExportScope): OwnedBy | undefined {
  if (reach === "all") return undefined;
  if (userId === null) throw new Error("what is no user's own reaches everything");
  return { userId, groupIds };
}
