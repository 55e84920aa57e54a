// What requests sent and were answered.
import type { RequestBodiesTable } from "../schema/request-bodies.ts";

export type RequestBodyRow = RequestBodiesTable;

/** Bodies of requests, for as long as their key or group says. */
export interface RequestBodyRepository {
  /** Those of a request that has some already stay as they are. */
  insert(rows: readonly RequestBodyRow[]): Promise<void>;
  /** Null: none are kept, or their time is over. */
  get(requestId: string, nowMs: number): Promise<RequestBodyRow | null>;
  /** Those of these requests for which `get` finds something. */
  kept(requestIds: readonly string[], nowMs: number): Promise<Set<string>>;
  /** In order of their ids, those behind `requestId`; expired ones too. */
  after(requestId: string, limit: number): Promise<RequestBodyRow[]>;
  /** Puts other ciphertexts of the same texts in their place. */
  replaceTexts(requestId: string, texts: Pick<RequestBodyRow, "request_body" | "response_body">): Promise<void>;
  /** False: there were none. */
  delete(requestId: string): Promise<boolean>;
  deleteExpired(nowMs: number): Promise<number>;
}
