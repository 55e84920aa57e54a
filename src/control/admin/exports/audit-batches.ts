// Entries of the audit log for an export, page by page, newest first.
import type { z } from "zod";
import type { exportQueries } from "../../../api/exports.ts";
import type { AuditRow } from "../../../storage/ports/audit.ts";
import type { Storage } from "../../../storage/ports/storage.ts";
import { type ExportBatch, shareReadBackwards } from "./export-batch.ts";

const pageRows = 100;

export async function* auditBatches(
  { audit }: Storage,
  query: z.output<typeof exportQueries.audit>,
  nowMs: number,
): AsyncGenerator<ExportBatch<AuditRow>, void, void> {
  const { actor_id: actorId, action, resource_id: resourceId } = query;
  const toMs = query.to ?? nowMs;
  const fromMs = Math.max(query.from ?? 0, (await audit.oldestMs()) ?? toMs);
  let newestMs: number | null = null;
  for (let cursor: string | undefined; ; ) {
    const { rows, nextCursor } = await audit.page({ actorId, action, resourceId, fromMs, toMs }, { limit: pageRows, cursor });
    const last = rows.at(-1);
    const isLast = nextCursor === null || last === undefined;
    newestMs ??= rows[0]?.at ?? toMs;
    yield { rows, progress: isLast ? 1 : shareReadBackwards({ fromMs, toMs: newestMs }, last.at) };
    if (isLast) return;
    cursor = nextCursor;
  }
}
