// Answers that providers keep.
import type { ResponsesTable } from "../schema/responses.ts";

export type ResponseRow = ResponsesTable;

/** Rows come with the ledger's records (LedgerRepository.ingest): an id stays with whoever made it first. */
export interface ResponseRepository {
  find(id: string): Promise<ResponseRow | null>;
  delete(id: string): Promise<void>;
  deleteBefore(timeMs: number): Promise<number>;
}
