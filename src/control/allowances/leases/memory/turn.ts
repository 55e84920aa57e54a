// What the authority does with one ask of a batch: opened, taken from by the batch's calls, closed with the grant.
import type { LeaseBatch, LeaseGrant } from "../lease-authority.ts";
import type { KnownProcesses } from "./known-processes.ts";

/** What all asks of a batch have in common. */
export interface Moment {
  nowMs: number;
  batch: LeaseBatch;
  known: KnownProcesses;
  /** How many share. */
  processes: number;
  /** Until then some may not have told yet what they admitted: nobody gets more than its share. Not above `nowMs`: that is over. */
  earlyUntilMs: number;
}

export interface Turn {
  /** What the batch's process would like to have beyond what its calls need. */
  readonly want: number;
  /** What may be granted at the moment; Infinity: nothing is counted here. */
  left(): number;
  /** `amount` is not above what is left. */
  take(amount: number): void;
  /** How long `amount` will be refused, ms; Infinity: for good. Of budgets 0. */
  waitMs(amount: number): number;
  /** With what is granted beyond. */
  close(slice: number): LeaseGrant;
}

export function isEarly({ nowMs, earlyUntilMs }: Moment): boolean {
  return nowMs < earlyUntilMs;
}
