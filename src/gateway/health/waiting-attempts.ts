// The attempts that wait for their first byte, oldest first, as a doubly linked list through the attempts themselves.
import type { PendingAttempt } from "./pending-attempt.ts";

/** Every operation takes constant time and no memory. */
export class WaitingAttempts {
  oldest: PendingAttempt | null = null;
  #newest: PendingAttempt | null = null;

  add(attempt: PendingAttempt): void {
    attempt.older = this.#newest;
    if (this.#newest === null) this.oldest = attempt;
    else this.#newest.newer = attempt;
    this.#newest = attempt;
  }

  /** `attempt` is in the list. */
  remove(attempt: PendingAttempt): void {
    const { older, newer } = attempt;
    if (older === null) this.oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    attempt.older = null;
    attempt.newer = null;
  }
}
