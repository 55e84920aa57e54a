// What control and its workers say to each other over the channel: names, arguments, answers.
import type { LeaseAnswer, LeaseBatch } from "../control/allowances/leases/lease-authority.ts";
import type { SpendQuestion } from "../control/allowances/spend-reader.ts";
import type { CapturedBodies } from "../domain/captured-bodies.ts";
import type { ExplainQuestion, Explanation } from "../domain/explanation.ts";
import type { ProvenIdentity, TokenVerdict } from "../domain/identity.ts";
import type { ResponseOwner } from "../domain/response-owner.ts";
import type { SeenHealth } from "../domain/seen-health.ts";
import type { CallerUsageQuery } from "../gateway/ports.ts";
import type { ExportedSeries } from "../telemetry/exported-series.ts";

import type { EncodedContent, EncodedPatch } from "./snapshot-codec.ts";

/** How a worker is; sent when it has changed, at most a few times a second. */
export interface WorkerStatus {
  spool: {
    accepting: boolean;
    /** Why usage can't be written; null while it can. */
    failure: string | null;
    unrecorded: number;
  };
  /** Deployments that it knows something about: all of them, or what has changed of that since the last status. */
  health: [deploymentId: string, SeenHealth][];
  isAllHealth: boolean;
  /** Deployments that it knows nothing about any more. */
  forgotten: string[];
  callsInFlight: number;
  /** What it works from; 0: nothing yet. */
  snapshotVersion: number;
}

export interface WorkerHello {
  processId: string;
  /** For people: `worker-1`. */
  name: string;
  pid: number;
  startedAtMs: number;
}

/** [deployment, whether it answered, why not] */
export type ProbeResult = readonly [id: string, ok: boolean, cause: string];

/** What control does for workers: by name, argument and answer. */
export interface ControlFunctions {
  hello(argument: WorkerHello): null;
  refill(argument: LeaseBatch): Promise<LeaseAnswer>;
  spent(argument: SpendQuestion[]): Promise<Map<string, number>>;
  verify(argument: { token: string; wanted: { groups: boolean } }): Promise<TokenVerdict>;
  findResponse(argument: string): Promise<ResponseOwner | null>;
  forgetResponse(argument: string): Promise<void>;
  callerUsage(argument: CallerUsageQuery): Promise<object>;
  /** The rest is told: nobody waits for an answer. */
  seen(argument: ProvenIdentity): void;
  bodies(argument: CapturedBodies): void;
  status(argument: WorkerStatus): void;
  /** Before it ends. */
  lastSeries(argument: ExportedSeries): void;
}

/** What workers do for control. */
export interface WorkerFunctions {
  /**
   * The worker works from it when it has answered. `isStored`: it comes from the file that is served from while the database is away, which
   * may be older than what the worker has; then it stays with that.
   */
  replace(argument: { content: EncodedContent; isStored: boolean }): Promise<void>;
  apply(argument: { patch: EncodedPatch; nowMs: number }): Promise<void>;
  series(argument: null): Promise<ExportedSeries>;
  /** Null: it knows of no response with that id. */
  knownResponse(argument: string): ResponseOwner | null;
  /** Another worker has deleted it. */
  responseForgotten(argument: string): void;
  explain(argument: { question: ExplainQuestion; nowMs: number }): Explanation | null;
  probed(argument: readonly ProbeResult[]): void;
  /** Whether the ledger has all that is in the spool. */
  caughtUp(argument: boolean): void;
}
