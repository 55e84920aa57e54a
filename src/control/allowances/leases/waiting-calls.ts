// Calls that wait for the authority's answer: which are to be asked about, again too, and for how long.
import type { Clock, Timer } from "../../../core/clock.ts";
import type { Hold, Need } from "./lease.ts";

/** A call that has to wait for an answer; exactly one of its functions is called, once. */
export interface WaitingCall {
  needs: readonly Need[];
  admitted(holds: Hold[]): void;
  refused(by: readonly { need: Need; waitMs: number }[]): void;
  /** Nobody can say: it is decided by what this process may do alone. */
  unanswered(): void;
}

export interface Waiting {
  readonly call: WaitingCall;
  readonly dueAt: number;
  isDecided: boolean;
  /** How often it was asked about again. */
  retries: number;
}

export interface WaitingCallsOptions {
  clock: Clock;
  monotonicMs: () => number;
  /** The longest that a call waits. */
  timeoutMs: number;
  /** There are some to be asked about. */
  onWaiting: () => void;
}

const retryMs = 20;
const retriesMax = 5;

export class WaitingCalls {
  readonly #options: WaitingCallsOptions;
  /** Those to be asked about with the next batch. */
  #next: Waiting[] = [];
  /** All that wait for an answer, oldest first. */
  readonly #undecided = new Set<Waiting>();
  #deadline: Timer | null = null;

  constructor(options: WaitingCallsOptions) {
    this.#options = options;
  }

  /** How many are to be asked about. */
  get size(): number {
    return this.#next.length;
  }

  add(call: WaitingCall): void {
    const { clock, monotonicMs, timeoutMs } = this.#options;
    const waiting = { call, dueAt: monotonicMs() + timeoutMs, isDecided: false, retries: 0 };
    this.#next.push(waiting);
    this.#undecided.add(waiting);
    this.#deadline ??= clock.after(timeoutMs, () => this.#expire());
    this.#options.onWaiting();
  }

  /** Those to be asked about now. */
  take(): Waiting[] {
    const taken = this.#next.filter(({ isDecided }) => !isDecided);
    this.#next = [];
    return taken;
  }

  /** Before long it is asked about once more. False: that was done often enough. */
  askAgain(waiting: Waiting): boolean {
    if (waiting.retries >= retriesMax) return false;
    waiting.retries++;
    this.#options.clock.after(retryMs, () => {
      if (waiting.isDecided) return;
      this.#next.push(waiting);
      this.#options.onWaiting();
    });
    return true;
  }

  /** `how` calls one of the call's functions. */
  decide(waiting: Waiting, how: () => void): void {
    waiting.isDecided = true;
    this.#undecided.delete(waiting);
    how();
  }

  /** Nobody is asked about those that would have been. */
  giveUp(): void {
    for (const each of this.take()) this.decide(each, () => each.call.unanswered());
  }

  stop(): void {
    this.#deadline?.cancel();
  }

  #expire(): void {
    this.#deadline = null;
    const nowMs = this.#options.monotonicMs();
    for (const waiting of this.#undecided) {
      // Timers run a little early.
      if (waiting.dueAt > nowMs + 1) {
        this.#deadline = this.#options.clock.after(waiting.dueAt - nowMs, () => this.#expire());
        return;
      }
      this.decide(waiting, () => waiting.call.unanswered());
    }
  }
}
