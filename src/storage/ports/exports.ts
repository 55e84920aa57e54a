// Files that are made in the background.
import type { ExportPartsTable, ExportsTable } from "../schema/exports.ts";
import type { Page, PageRequest } from "./page.ts";

export type ExportRow = ExportsTable;
export type ExportPartRow = ExportPartsTable;

export interface ExportRepository {
  insert(row: ExportRow): Promise<void>;
  get(id: string): Promise<ExportRow | null>;
  /** Newest first, without those that have expired; of all, or of one user. */
  page(filter: { userId?: string | undefined; nowMs: number }, request: PageRequest): Promise<Page<ExportRow>>;
  /** Of one user, or with null of the installation; oldest first, expired ones too. */
  ofUser(userId: string | null): Promise<ExportRow[]>;
  /** Oldest first, expired ones too. */
  all(): Promise<ExportRow[]>;
  /** Only one that waits or runs; false: it is not there, or has finished. */
  update(id: string, changes: Partial<ExportRow>): Promise<boolean>;
  /** With its parts. */
  delete(id: string): Promise<boolean>;
  addPart(row: ExportPartRow): Promise<void>;
  /** The content of one, base64; null: there is none. */
  part(id: string, position: number): Promise<string | null>;
  deleteParts(id: string): Promise<void>;
}
