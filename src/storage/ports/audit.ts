// The log of changes.
import type { AuditTable } from "../schema/audit.ts";
import type { Page, PageRequest } from "./page.ts";

export type AuditRow = AuditTable;

export interface AuditFilter {
  actorId?: string | undefined;
  /** `key.rotate`, or `key` for all that is done to keys. */
  action?: string | undefined;
  resourceId?: string | undefined;
  fromMs?: number | undefined;
  toMs?: number | undefined;
}

export interface AuditRepository {
  insert(row: AuditRow): Promise<void>;
  /** Newest first. */
  page(filter: AuditFilter, request: PageRequest): Promise<Page<AuditRow>>;
  /** When the oldest entry was made; null: there is none. */
  oldestMs(): Promise<number | null>;
  deleteBefore(timeMs: number): Promise<number>;
}
