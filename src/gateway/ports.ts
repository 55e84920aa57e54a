// What the data plane needs from outside. Consumers own their ports; app.ts wires them.
import type { LedgerRecord } from "../domain/ledger-record.ts";
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
   * Appends records in order. `done` is called when they are in the spool (with null), or when they could not be
   * written (with the cause); never synchronously.
   */
  append(records: readonly LedgerRecord[], done: (error: Error | null) => void): void;
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
