// What the data plane needs from outside. Consumers own their ports; app.ts wires them.
import type { AttemptOutcome, AttemptStarted } from "../domain/ledger-record.ts";
import type { ResponseOwner } from "../domain/response-owner.ts";
import type { Snapshot } from "./snapshot.ts";

/** Where the current snapshot comes from; one call per request, then that view is kept until the request ends. */
export interface SnapshotSource {
  /** Null until the first snapshot has been published. */
  current(): Snapshot | null;
}

/** Where ledger records go. */
export interface UsageSink {
  /** False when records can't be kept and the policy is to refuse new work. */
  readonly accepting: boolean;
  /**
   * Appends a record; records keep the order of the calls, and those of one turn of the event loop are written together.
   * `done` is called when it is in the spool (with null), or when it could not be written (with the cause); never
   * synchronously.
   */
  start(started: AttemptStarted, done: (error: Error | null) => void): void;
  /** The same for the outcome of an attempt; `started` is the record that was started. */
  settle(started: AttemptStarted, outcome: AttemptOutcome, done: (error: Error | null) => void): void;
}

/** What the ledger knows about answers that providers keep under an id: asked for those this process has not made itself. */
export interface ResponseSource {
  /** Null: no finished attempt has brought that id. Rejects when that can't be told at the moment. */
  find(id: string): Promise<ResponseOwner | null>;
  /** Its provider has deleted it. Rejects when that can't be kept; the provider's own refusals do without it. */
  forget(id: string): Promise<void>;
}

/** One finished request, for metrics and the log; sent after the caller has its answer. May be dropped. */
export interface RequestEvent {
  requestId: string;
  method: string;
  path: string;
  keyId: string | null;
  model: string | null;
  endpoint: string | null;
  status: number;
  errorCode: string | null;
  attempts: number;
  durationMs: number;
  ttftMs: number | null;
  detail: string | null;
}

export interface EventSink {
  requestFinished(event: RequestEvent): void;
}
