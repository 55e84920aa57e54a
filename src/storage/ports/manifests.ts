// Manifests and their last good copies.
import type { ManifestsTable } from "../schema/manifests.ts";
import type { Page, PageRequest } from "./page.ts";

export type ManifestRow = ManifestsTable;

export interface ManifestRepository {
  insert(row: ManifestRow): Promise<void>;
  get(id: string): Promise<ManifestRow | null>;
  getByName(name: string): Promise<ManifestRow | null>;
  /** By name. */
  all(): Promise<ManifestRow[]>;
  /** By name. */
  page(request: PageRequest, filter?: { search?: string | undefined }): Promise<Page<ManifestRow>>;
  /** Sets the given columns; adds 1 to `version`. False: no such row. */
  update(id: string, changes: Partial<ManifestRow>): Promise<boolean>;
  /** Sets what the last fetch said, without touching `version` or `updated_at`. */
  updateFetched(
    id: string,
    changes: Partial<Pick<ManifestRow, "content" | "etag" | "last_modified" | "last_success_at" | "last_error" | "applied">>,
  ): Promise<void>;
  delete(id: string): Promise<boolean>;
}
