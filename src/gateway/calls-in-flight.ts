// All calls that have not ended. An array, not a Set: see below.
import type { Call } from "./call.ts";

// A Set that is added to and deleted from all the time is rebuilt all the time, and V8 chains each old table to the next:
// once one of them has reached the old generation, it keeps every call there until the next full collection.
export class CallsInFlight implements Iterable<Call> {
  readonly #calls: Call[] = [];

  get size(): number {
    return this.#calls.length;
  }

  add(call: Call): void {
    call.slot = this.#calls.length;
    this.#calls.push(call);
  }

  /** Does nothing when it is not among them. */
  delete(call: Call): void {
    const { slot } = call;
    if (this.#calls[slot] !== call) return;
    const last = this.#calls.pop() as Call;
    if (last === call) return;
    this.#calls[slot] = last;
    last.slot = slot;
  }

  /** A copy: calls may end while it is walked. */
  [Symbol.iterator](): Iterator<Call> {
    return [...this.#calls].values();
  }
}
