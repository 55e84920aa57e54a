// Who says whether a call is within its allowances, wherever that is counted.
import type { SystemState } from "../../api/system.ts";
import type { Demand, Refusal, Reservation } from "../../domain/allowance.ts";
import type { SnapshotContent, SnapshotPatch } from "../../domain/snapshot.ts";
import type { AllowanceViews } from "./allowance-views.ts";
import type { LeaseAuthority } from "./leases/lease-authority.ts";

export interface Allowances extends AllowanceViews {
  /** The gateway's AllowanceSource. */
  readonly authority: { reserve(demand: Demand, nowMs: number): Reservation | Refusal | Promise<Reservation | Refusal> };
  /** What the batches of worker processes are handed to; null: there are none, or they ask Redis. */
  readonly leaseAuthority: LeaseAuthority | null;
  /** Before what it is told of is what the data plane works from. Throws StorageUnavailable. */
  readonly prepare: (part: SnapshotContent | SnapshotPatch) => Promise<void>;
  /** For `/system` and the metrics. */
  state(): Pick<SystemState, "redis" | "allowances">;
  /** Nano-dollars known to be spent or set aside, by account: for a process that begins while the database is away. */
  knownSpend(): Map<string, number>;
  /** A process that will not come back: the ledger has closed what it left open. */
  forget(processId: string): void;
  stop(): Promise<void>;
}

/** The part of `/readyz` that these things have. */
export interface AllowanceReadiness {
  degraded(part: string, detail: string, nowMs: number): void;
  restored(part: string): void;
}
