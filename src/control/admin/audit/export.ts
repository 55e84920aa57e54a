// The audit log as one file, read and sent page by page: however long the log, one page of it is in memory.
import { Readable } from "node:stream";
import { formatTime } from "../../../api/time.ts";
import type { AuditFilter, AuditRepository, AuditRow, Page } from "../../../storage/port.ts";
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
  return format === "csv"
    ? { contentType: "text/csv; charset=utf-8; header=present", content: Readable.from(csv(pages)) }
    : { contentType: "application/json; charset=utf-8", content: Readable.from(json(pages)) };
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

/** One array, an entry on each line. */
async function* json(pages: AsyncIterable<readonly AuditRow[]>): AsyncGenerator<string, void, void> {
  let separator = "[\n";
  for await (const rows of pages) {
    if (rows.length === 0) continue;
    yield separator + rows.map((row) => JSON.stringify(presentAuditEntry(row))).join(",\n");
    separator = ",\n";
  }
  yield separator === "[\n" ? "[]\n" : "\n]\n";
}

const columns = {
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
} satisfies Record<string, (row: AuditRow) => string | null>;

async function* csv(pages: AsyncIterable<readonly AuditRow[]>): AsyncGenerator<string, void, void> {
  yield csvLine(Object.keys(columns));
  for await (const rows of pages) {
    if (rows.length > 0) yield rows.map((row) => csvLine(Object.values(columns).map((of) => of(row)))).join("");
  }
}

/** RFC 4180. */
function csvLine(values: readonly (string | null)[]): string {
  return `${values.map((value) => csvValue(value ?? "")).join(",")}\r\n`;
}

/** A spreadsheet takes what begins so for a formula, and runs it: an apostrophe makes it text (OWASP, "CSV Injection"). */
function csvValue(value: string): string {
  const text = /^[=+\-@＝＋－＠\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
