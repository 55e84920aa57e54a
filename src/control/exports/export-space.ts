// How many exports are kept, and how much room they take: the oldest that have finished make place for new ones.
import { HeadgateError } from "../../core/errors.ts";
import type { ExportRow } from "../../storage/ports/exports.ts";
import type { Repositories } from "../../storage/ports/storage.ts";
import { ExportFailed } from "./export-failure.ts";

export interface ExportLimits {
  /** Of one user. */
  perUser: number;
  /** Of all together. */
  totalBytes: number;
}

export function isFinished({ status }: ExportRow): boolean {
  return status !== "waiting" && status !== "running";
}

/** Deletes as many of the user's as one more calls for, and returns them. Throws 429 when all of them are still under way. */
export async function makePlace(
  { exports }: Repositories,
  userId: string | null,
  { perUser }: ExportLimits,
): Promise<ExportRow[]> {
  const own = await exports.ofUser(userId);
  const excess = own.length - (perUser - 1);
  if (excess <= 0) return [];
  const oldest = own.filter(isFinished).slice(0, excess);
  if (oldest.length < excess) {
    const message = `${perUser} exports are waiting or running already. Wait for one to finish, or cancel one.`;
    throw new HeadgateError("rate_limit_exceeded", { message, retryAfterSeconds: 60 });
  }
  for (const { id } of oldest) await exports.delete(id);
  return oldest;
}

/** The oldest finished ones that must go so that export `id` may take `bytes`. Throws ExportFailed when even that is not enough. */
export function oldestBeyond(rows: readonly ExportRow[], id: string, bytes: number, { totalBytes }: ExportLimits): ExportRow[] {
  const others = rows.filter((row) => row.id !== id);
  let excess = others.reduce((sum, row) => sum + row.bytes, bytes) - totalBytes;
  const going: ExportRow[] = [];
  for (const row of others) {
    if (excess <= 0) break;
    if (!isFinished(row) || row.bytes === 0) continue;
    going.push(row);
    excess -= row.bytes;
  }
  if (excess > 0) {
    const most = Math.round(totalBytes / 1e6);
    throw new ExportFailed(`It grew too large: exports may take ${most} MB in all. Narrow it down, for example by time.`);
  }
  return going;
}
