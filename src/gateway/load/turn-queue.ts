// Calls begin in turns of the event loop, so many in each, and what comes beyond that waits in order: a crowd that comes at once would otherwise
// all be under way at once, and what a call holds while it is under way is dear to keep and to collect.

/** More than a machine with a little to spare ever sees in one turn. */
const startsPerTurn = 64;
/** Of those who wait, with those who turn out to be gone, or are refused. */
const looksPerTurn = 1000;

interface Waiting {
  sinceMs: number;
  start: Start;
}

/** Returns whether a call began: what does not is no part of the turn. */
export type Start = (waitedMs: number) => boolean;

export class TurnQueue {
  #started = 0;
  #isEndAwaited = false;
  #isFlushed = false;
  #waiting: Waiting[] = [];
  /** Where the waiting begin: those before it have been started. */
  #first = 0;

  /** How many wait. */
  get length(): number {
    return this.#waiting.length - this.#first;
  }

  /** True: there is room in this turn, and the caller takes it; else it waits. */
  take(): boolean {
    if (this.#isFlushed) return true;
    this.#awaitEnd();
    if (this.#started >= startsPerTurn || this.length > 0) return false;
    this.#started++;
    return true;
  }

  /** `start` is called when it is its turn. */
  wait(start: Start): void {
    this.#waiting.push({ sinceMs: performance.now(), start });
  }

  /** Starts all that wait; from now on, nothing waits any more. */
  flush(): void {
    this.#isFlushed = true;
    while (this.length > 0) this.#startFirst(performance.now());
  }

  #awaitEnd(): void {
    if (this.#isEndAwaited) return;
    this.#isEndAwaited = true;
    setImmediate(this.#endOfTurn);
  }

  readonly #endOfTurn = (): void => {
    this.#isEndAwaited = false;
    this.#started = 0;
    if (this.length === 0) return;
    this.#awaitEnd();
    const nowMs = performance.now();
    for (let looks = 0; this.length > 0 && this.#started < startsPerTurn && looks < looksPerTurn; looks++) {
      if (this.#startFirst(nowMs)) this.#started++;
    }
  };

  #startFirst(nowMs: number): boolean {
    const { start, sinceMs } = this.#waiting[this.#first++] as Waiting;
    if (this.#first === this.#waiting.length) {
      this.#waiting = [];
      this.#first = 0;
    } else if (this.#first >= 1024) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    return start(nowMs - sinceMs);
  }
}
