// Which leases have something to tell the authority when no call waits: at the end of this turn, or when it is convenient.
import type { Lease } from "./lease.ts";
import type { LeaseAsk } from "./lease-authority.ts";
import type { Told } from "./told.ts";

/** Asks of one batch; the rest follows with the next. */
export const reportsMax = 200;
/** Leases looked at for one batch. */
const looksMax = 2000;

export class DueReports {
  readonly #due = new Set<Lease>();
  /** Of those, what is not to wait for the next tick. */
  readonly #urgent = new Set<Lease>();

  get hasUrgent(): boolean {
    return this.#urgent.size > 0;
  }

  add(lease: Lease): void {
    this.#due.add(lease);
  }

  addUrgent(lease: Lease): void {
    this.#due.add(lease);
    this.#urgent.add(lease);
  }

  /** None is urgent any more; all are still due. */
  calm(): void {
    this.#urgent.clear();
  }

  /** Says what is urgent, as far as there is room. It stays due: the batch may be lost. */
  tellUrgent(told: Told): void {
    for (const lease of this.#urgent) {
      if (told.asks.length >= reportsMax) return;
      this.#urgent.delete(lease);
      if (!told.has(lease) && lease.needsReport()) told.add(lease, false);
    }
  }

  /** Says what is due, as far as there is room. What has been said is due again when its lease says so, or as long as it is watched. */
  tell(told: Told): void {
    let looks = 0;
    for (const lease of [...this.#due]) {
      if (looks++ >= looksMax || told.asks.length >= reportsMax) return;
      if (told.has(lease)) continue;
      this.#due.delete(lease);
      if (lease.isAskable && lease.needsReport()) told.add(lease, false);
      if (lease.isWatched) this.#due.add(lease);
    }
  }

  /** Says all there is, however much, and wants nothing any more. */
  tellLast(told: Told): void {
    for (const lease of this.#due) if (lease.isAskable) told.add(lease, true, withoutWant);
  }
}

function withoutWant(ask: LeaseAsk): LeaseAsk {
  return { ...ask, want: 0 } as LeaseAsk;
}
