// Exports on the wire: what a list would show, all of it, as a file that is made in the background.
import { z } from "zod";
import { auditQuery } from "./audit.ts";
import { requestsQuery } from "./requests.ts";
import { timeText } from "./time.ts";
import { usageQuery } from "./usage.ts";

const format = z.enum(["csv", "json"]).default("csv");

/** What each kind is narrowed by: the list's own filters, without its pages. */
export const exportQueries = {
  requests: requestsQuery.omit({ cursor: true, limit: true }),
  usage: usageQuery,
  audit: auditQuery.omit({ cursor: true, limit: true }),
} as const;

export const createExportBody = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({ kind: z.literal("requests"), format, query: exportQueries.requests.default({}) }),
    z.strictObject({ kind: z.literal("usage"), format, query: exportQueries.usage.default({}) }),
    z.strictObject({ kind: z.literal("audit"), format, query: exportQueries.audit.default({}) }),
  ],
  { error: 'must be one of "requests", "usage", "audit"' },
);

export const exportView = z
  .object({
    id: z.string(),
    kind: z.enum(["requests", "usage", "audit"]),
    format: z.enum(["csv", "json"]),
    query: z.record(z.string(), z.string()).describe("The filters of the list; times that were left out are filled in."),
    status: z
      .enum(["waiting", "running", "done", "failed", "cancelled"])
      .describe("`waiting`: for others to finish. `done`: GET /exports/{id}/file has it."),
    rows: z.number().int().describe("Written so far."),
    progress: z.number().min(0).max(1).nullable().describe("Null: not known, as before it has begun."),
    bytes: z.number().int().describe("Of the file, so far; 0 where there is none."),
    error: z.string().nullable().describe("Why it failed, for whoever asked."),
    created_at: timeText,
    finished_at: timeText.nullable(),
    expires_at: timeText.nullable().describe("When the file goes; null while it is being made."),
    created_by: z.object({ kind: z.enum(["user", "key", "token"]), id: z.string().nullable(), name: z.string() }),
  })
  .meta({ id: "Export" });

export type CreateExport = z.output<typeof createExportBody>;
export type ExportBody = z.output<typeof exportView>;
