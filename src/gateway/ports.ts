// What the data plane needs from outside. Consumers own their ports; app.ts wires them.
import type { Demand, Refusal, Reservation } from "../domain/allowance.ts";
import type { CapturedBodies } from "../domain/captured-bodies.ts";
import type { ProvenIdentity, TokenVerdict } from "../domain/identity.ts";
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

/** What a caller wants to know about their usage. */
export interface CallerUsageQuery {
  /** Inclusive, exclusive; ms, whole hours. */
  fromMs: number;
  toMs: number;
  /** One of them is null. */
  keyId: string | null;
  userId: string | null;
  byModel: boolean;
  bucket: "hour" | "day" | null;
}

/** What callers have used, as the ledger has it. */
export interface UsageSource {
  /** What to answer them with. Rejects when it can't be told at the moment. */
  ofCaller(query: CallerUsageQuery): Promise<object>;
}

/** Where callers' tokens are proven. The gateway keeps what it is told: it asks once for a token it does not know. */
export interface IdentitySource {
  /** Whether some provider could have issued this credential; false: none is asked. No I/O. */
  mayKnow(token: string): boolean;
  /** Never rejects, and settles within the providers' own timeouts. `groups` false: nobody needs to know the caller's groups. */
  verify(token: string, wanted: { groups: boolean }): Promise<TokenVerdict>;
  /** Somebody has been proven, or has come through a trusted proxy: the row in the database follows. Bounded; may drop. */
  seen(identity: ProvenIdentity): void;
}

/** Who says whether a call is within its allowances. */
export interface AllowanceSource {
  /**
   * Takes one request, and what it may use, from all that it draws on, or from none: then the refusal that lasts longest, of a budget before all others. A
   * promise only where an authority elsewhere has to be asked; that never rejects, and settles within a few milliseconds.
   */
  reserve(demand: Demand, nowMs: number): Reservation | Refusal | Promise<Reservation | Refusal>;
}

/** Where bodies go that are to be kept. Nothing of it waits, and nothing throws; what does not fit is dropped and counted. */
export interface BodySink {
  /** Sets memory aside, among that of all bodies under way and not yet stored; false: there is none left. */
  reserve(bytes: number): boolean;
  /** Gives back what was reserved for a call of which nothing is to be kept. */
  release(bytes: number): void;
  /** The same for a call that got too little. */
  drop(bytes: number): void;
  /** Takes over the bodies of a call that is over, with what was reserved for them. */
  keep(bodies: CapturedBodies): void;
}

/** One finished request, for metrics and the log; sent after the caller has its answer. May be dropped. */
export interface RequestEvent {
  requestId: string;
  method: string;
  path: string;
  keyId: string | null;
  userId: string | null;
  model: string | null;
  endpoint: string | null;
  status: number;
  errorCode: string | null;
  attempts: number;
  durationMs: number;
  ttftMs: number | null;
  detail: string | null;
}

/** What was short when a call was refused unheard. */
export type ShedReason = "calls_in_flight" | "event_loop";

export interface EventSink {
  requestFinished(event: RequestEvent): void;
}
