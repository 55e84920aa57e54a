// What an attempt has cost: what its row says, and all that has corrected it since.
import type { AdjustmentRow, AttemptRow } from "../../storage/ports/ledger.ts";

/** Nano-dollars; null: it has no price. */
export function effectiveCost(
  attempt: Pick<AttemptRow, "cost_nano_usd">,
  adjustments: readonly Pick<AdjustmentRow, "delta_nano_usd">[],
): number | null {
  if (attempt.cost_nano_usd === null && adjustments.length === 0) return null;
  return adjustments.reduce((sum, { delta_nano_usd: delta }) => sum + delta, attempt.cost_nano_usd ?? 0);
}
