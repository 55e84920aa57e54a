// The audit log as one file, read and sent page by page: however long the log, one page of it is in memory.
import { Readable } from "node:stream";
import type { AuditEntryBody } from "../../../api/audit.ts";
import { formatTime } from "../../../api/time.ts";
import type { AuditFilter, AuditRepository, AuditRow } from "../../../storage/ports/audit.ts";
import type { Page } from "../../../storage/ports/page.ts";
import { type CsvColumns, csvFile, fileTypes, jsonFile } from "../csv.ts";
import { presentAuditEntry } from "./present.ts";

const pageRows = 200;

export interface AuditFile {
  contentType: string;
  /** Breaks off with an error when the database goes away meanwhile. */
  content: Readable;
}

/** Newest first. Rejects with what storage throws for the first page. */
export async function exportAudit(audit: AuditRepository, filter: AuditFilter, format: "csv" | "json"): Promise<AuditFile> {
  const first = await audit.page(filter, { limit: pageRows });
  const pages = pagesAfter(first, (cursor) => audit.page(filter, { limit: pageRows, cursor }));
  const content = format === "csv" ? csvFile(auditColumns, pages) : jsonFile(entriesOf(pages));
  return { contentType: fileTypes[format], content: Readable.from(content) };
}

async function* entriesOf(pages: AsyncIterable<readonly AuditRow[]>): AsyncGenerator<AuditEntryBody[], void, void> {
  for await (const rows of pages) yield rows.map(presentAuditEntry);
}

async function* pagesAfter(
  first: Page<AuditRow>,
  next: (cursor: string) => Promise<Page<AuditRow>>,
): AsyncGenerator<AuditRow[], void, void> {
  for (let page = first; ; page = await next(page.nextCursor)) {
    yield page.rows;
    if (page.nextCursor === null) return;
  }
}

export const auditColumns: CsvColumns<AuditRow> = {
  at: ({ at }) => formatTime(at),
  actor_kind: (row) => row.actor_kind,
  actor_id: (row) => row.actor_id,
  actor_name: (row) => row.actor_name,
  address: (row) => row.address,
  action: (row) => row.action,
  resource_kind: (row) => row.resource_kind,
  resource_id: (row) => row.resource_id,
  resource_name: (row) => row.resource_name,
  before: (row) => row.before,
  after: (row) => row.after,
  request_id: (row) => row.request_id,
  id: (row) => row.id,
};
