// What one call has been admitted with: what it took of each lease.
import type { Reservation, Standing, Used } from "../../../domain/allowance.ts";
import type { Hold, Need } from "./lease.ts";

export class LeasedReservation implements Reservation {
  readonly kind = "reserved";
  readonly standing: Standing;
  readonly #needs: readonly Need[];
  #holds: readonly Hold[] | null;

  /** `holds`: one for each of `needs`. */
  constructor(needs: readonly Need[], holds: readonly Hold[], standing: Standing) {
    this.#needs = needs;
    this.#holds = holds;
    this.standing = standing;
  }

  settle(used: Used): void {
    const holds = this.#holds;
    if (holds === null) return;
    this.#holds = null;
    for (const [index, { limit }] of this.#needs.entries()) {
      const hold = holds[index] as Hold;
      // What is spent of a request rate or a concurrent call is what was taken.
      if (limit === "tokens_per_minute") hold.settle(used.tokens);
      else if (limit === "budget") hold.settle(used.costNanoUsd);
      else if (limit === "concurrent_requests") hold.settle(0);
    }
  }
}
