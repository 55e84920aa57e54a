// How long the turns of the event loop take: what every call waits for, and every chunk of a stream.

/** Between two looks at an event loop that keeps up. */
const easyMs = 50;
/** Between two while it does not: turns are told apart by them. */
const guardedMs = 5;
/** So many times the bound, and so many turns, have to pass before it counts: a burst, or one long pause, sheds nothing. */
const patience = 5;
const longTurnsMin = 3;
/** Under guard, calls are taken on in this part of a turn's bound: the rest of it is for what they bring about. */
const callsShare = 0.25;
/** Turns without a call that came too late, before there is room again for what was held back. */
const easyAfterTurns = 20;
/** The same, before the watch goes back to looking now and then. */
const calmMs = 5000;

export interface LoopWatchOptions {
  /** How long a turn may take for good, ms. */
  turnMsMax: number;
  /** After each look; `sinceMs`: the time since the last one. `isEasy`: there is room for more. */
  onLook: (nowMs: number, sinceMs: number, isEasy: boolean) => void;
}

/**
 * In the spirit of CoDel (RFC 8289): not that callers wait is wrong, but that they wait longer than `turnMsMax` for a whole
 * interval, because such a queue only grows. From then on each turn may take on calls for a part of that time; what comes
 * later in it is too much. That needs no estimate of what calls cost, never leaves the loop without work, and is over with
 * the first turn that is short enough.
 */
export class LoopWatch {
  readonly #options: LoopWatchOptions;
  readonly #easyMs: number;
  readonly #callsMsMax: number;
  #timer: NodeJS.Timeout;
  #isGuarded = false;
  #guardedAtMs = 0;
  #lookedAtMs = performance.now();
  /** The last time that a turn was short enough. */
  #fineAtMs = this.#lookedAtMs;
  #longTurns = 0;
  /** When this turn brought its first call; 0: it has brought none. */
  #firstCallAtMs = 0;
  /** The last time that a call came too late in its turn. */
  #lateAtMs = 0;
  #turnsSinceLate = 0;
  /** How long the last turn took, at least the time between two looks. */
  turnMs = 0;

  constructor(options: LoopWatchOptions) {
    this.#options = options;
    this.#easyMs = Math.min(easyMs, options.turnMsMax / 2);
    this.#callsMsMax = options.turnMsMax * callsShare;
    this.#timer = this.#lookEvery(this.#easyMs);
  }

  /** False: there is nothing to ask `isLate` about. */
  get isGuarded(): boolean {
    return this.#isGuarded;
  }

  /** Asked once for each call: whether this turn has already gone on with calls for longer than it may. */
  isLate(): boolean {
    const nowMs = performance.now();
    if (this.#firstCallAtMs === 0) this.#firstCallAtMs = nowMs;
    if (nowMs - this.#firstCallAtMs <= this.#callsMsMax) return false;
    this.#lateAtMs = nowMs;
    this.#turnsSinceLate = 0;
    return true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #lookEvery(ms: number): NodeJS.Timeout {
    // Not the clock of the gateway: how late a timer is, is the very thing that is measured.
    return setInterval(() => this.#look(), ms).unref();
  }

  /** Runs at most once in a turn. */
  #look(): void {
    const nowMs = performance.now();
    const sinceMs = nowMs - this.#lookedAtMs;
    this.#lookedAtMs = nowMs;
    this.#firstCallAtMs = 0;
    this.#turnsSinceLate++;
    this.turnMs = sinceMs;
    if (sinceMs <= this.#options.turnMsMax) {
      this.#fineAtMs = nowMs;
      this.#longTurns = 0;
    } else {
      this.#longTurns++;
    }
    if (!this.#isGuarded) {
      const isLasting = nowMs - this.#fineAtMs >= patience * this.#options.turnMsMax;
      if (isLasting && this.#longTurns >= longTurnsMin) this.#guard(true, nowMs);
    } else if (nowMs - Math.max(this.#lateAtMs, this.#guardedAtMs) > calmMs) {
      this.#guard(false, nowMs);
    }
    this.#options.onLook(nowMs, sinceMs, !this.#isGuarded || this.#turnsSinceLate > easyAfterTurns);
  }

  #guard(isGuarded: boolean, nowMs: number): void {
    this.#isGuarded = isGuarded;
    this.#guardedAtMs = nowMs;
    this.#fineAtMs = nowMs;
    this.#longTurns = 0;
    clearInterval(this.#timer);
    this.#timer = this.#lookEvery(isGuarded ? Math.min(guardedMs, this.#easyMs) : this.#easyMs);
  }
}
