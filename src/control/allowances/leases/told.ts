// What one batch says to the authority, and of which lease.
import type { Lease } from "./lease.ts";
import type { LeaseAsk, LeaseGrant } from "./lease-authority.ts";

/** Each lease whose ask is added gets exactly one of `answered` and `unanswered`. */
export class Told {
  readonly asks: LeaseAsk[];
  readonly #places = new Map<Lease, number>();
  readonly #keys = new Set<string>();

  /** `asks`: those that only look, and whose answers no lease is waiting for. */
  constructor(asks: LeaseAsk[] = []) {
    this.asks = asks;
  }

  /** `isWanted`: calls wait for it. `change` may add to what it asks. */
  add(lease: Lease, isWanted: boolean, change: (ask: LeaseAsk) => LeaseAsk = (ask) => ask): void {
    this.#places.set(lease, this.asks.length);
    this.#keys.add(lease.key);
    this.asks.push(change(lease.ask(isWanted)));
  }

  /** A lease that calls of long ago still settle with has the key of its successor: a batch has one ask of each key. */
  has(lease: Lease): boolean {
    return this.#keys.has(lease.key);
  }

  /** Where its ask is. */
  placeOf(lease: Lease): number | undefined {
    return this.#places.get(lease);
  }

  answered(grants: readonly LeaseGrant[]): void {
    for (const [lease, place] of this.#places) lease.answered(this.asks[place] as LeaseAsk, grants[place] as LeaseGrant);
  }

  unanswered(): void {
    for (const [lease, place] of this.#places) lease.unanswered(this.asks[place] as LeaseAsk);
  }
}
