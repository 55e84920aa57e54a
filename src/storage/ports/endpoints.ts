// Endpoints, what syncing them has found, and what went with those that were deleted.
import type { DeletedEndpointsTable, EndpointsTable, SyncRunsTable } from "../schema/endpoints.ts";
import type { Page, PageRequest } from "./page.ts";

export type EndpointRow = EndpointsTable;
export type DeletedEndpointRow = DeletedEndpointsTable;
export type SyncRunRow = SyncRunsTable;

export interface EndpointRepository {
  insert(row: EndpointRow): Promise<void>;
  get(id: string): Promise<EndpointRow | null>;
  /** As `get`; whoever asks for the same row in this way waits until this transaction has ended. */
  getLocked(id: string): Promise<EndpointRow | null>;
  getByName(name: string): Promise<EndpointRow | null>;
  /** All endpoints by name. */
  all(): Promise<EndpointRow[]>;
  /** Those that a manifest declares, by name. */
  ofManifest(manifestId: string): Promise<EndpointRow[]>;
  /** By name. */
  page(request: PageRequest, filter?: { search?: string | undefined }): Promise<Page<EndpointRow>>;
  /** Sets the given columns. With `ifVersion`, only when the row still has that version. False: no such row or version. Adds 1 to `version`. */
  update(id: string, changes: Partial<EndpointRow>, ifVersion?: number): Promise<boolean>;
  /** Sets the columns discovery keeps about an endpoint, without touching `version` or `updated_at`. */
  updateDiscovery(id: string, changes: Pick<EndpointRow, "base_url" | "guard_signature" | "guard_count">): Promise<void>;
  /** Deletes the endpoint with its deployments and sync runs; the ledger keeps its rows. */
  delete(id: string): Promise<boolean>;
}

export interface SyncRunRepository {
  insert(row: SyncRunRow): Promise<void>;
  /** Newest first. */
  pageOfEndpoint(endpointId: string, request: PageRequest): Promise<Page<SyncRunRow>>;
  /** The newest run of each endpoint that has one. */
  latest(endpointIds: readonly string[]): Promise<Map<string, SyncRunRow>>;
  deleteBefore(timeMs: number): Promise<number>;
}

/** What went with endpoints that were deleted, for a time. */
export interface DeletedEndpointRepository {
  /** Beyond `countMax` those that were deleted first go. */
  keep(row: DeletedEndpointRow, countMax: number): Promise<void>;
  /** Newest first, without those that have expired, and without what they hold. */
  current(nowMs: number): Promise<Omit<DeletedEndpointRow, "content">[]>;
  /** Of all, expired ones too. */
  ids(): Promise<string[]>;
  /** Expired ones too. */
  get(id: string): Promise<DeletedEndpointRow | null>;
  replaceContent(id: string, content: string): Promise<void>;
  /** Takes it away and returns it; null: there is none, or it has expired. Of two callers at once only one gets it. */
  take(id: string, nowMs: number): Promise<DeletedEndpointRow | null>;
  deleteExpired(nowMs: number): Promise<number>;
}
