// What holders of limits have used and have left, for people: asked of whichever authority there is.
import type { Charge } from "../../domain/allowance.ts";

export interface WindowView {
  used: number;
  /** When nothing of it counts any more, were nobody else to come; ms since the Unix epoch. */
  emptyAtMs: number;
}

export interface BudgetView {
  spentNanoUsd: number;
  /** Of calls under way. */
  reservedNanoUsd: number;
  startMs: number;
  /** Null: the budget is for all time. */
  endMs: number | null;
}

/** Null: not limited. */
export interface AllowanceView {
  requestsPerSecond: WindowView | null;
  requestsPerMinute: WindowView | null;
  tokensPerMinute: WindowView | null;
  concurrentRequests: number | null;
  budget: BudgetView | null;
}

export interface AllowanceViews {
  /** In the order asked; changes nothing. */
  views(asked: readonly Charge[], nowMs: number): AllowanceView[] | Promise<AllowanceView[]>;
}
