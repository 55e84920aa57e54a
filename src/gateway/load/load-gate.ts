// Whether there is room for one more call: the bound on calls in flight, and the event loop's own pace.

import { HeadgateError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import type { CallerRequest } from "../caller-request.ts";
import type { ShedReason } from "../ports.ts";
import { LoopWatch } from "./loop-watch.ts";
import { RestingConnections } from "./resting-connections.ts";

export interface LoadGateOptions {
  /** Calls under way at one time, streams among them. */
  callsInFlightMax: number;
  /** How long a turn of the event loop may take for good, and a call may wait for its own. */
  turnMsMax: number;
  /** Of each call that is refused. */
  onShed: (reason: ShedReason) => void;
  log: Logger;
}

/** So long without a refusal, and shedding is over. */
const overAfterMs = 2000;

// Made once: an error takes the time to look at the stack.
const tooManyCalls = new HeadgateError("overloaded", { retryAfterSeconds: 1 });
const tooMuchWork = new HeadgateError("overloaded", {
  message: "The gateway has more work than it can do at the moment. Retry shortly.",
  retryAfterSeconds: 1,
});

export class LoadGate {
  readonly #options: LoadGateOptions;
  readonly #watch: LoopWatch;
  readonly #resting = new RestingConnections();
  /** While calls are refused again and again. */
  #isShedding = false;
  #beganAtMs = 0;
  #shedAtMs = 0;
  #calls = 0;

  constructor(options: LoadGateOptions) {
    this.#options = options;
    this.#watch = new LoopWatch({
      turnMsMax: options.turnMsMax,
      onLook: (nowMs, sinceMs, isEasy) => this.#look(nowMs, sinceMs, isEasy),
    });
  }

  /** What a new call that has waited so long for its turn has to be refused with; null: there is room. Asked for every call, before anything is made for it. */
  refusal(callsInFlight: number, waitedMs: number): HeadgateError | null {
    if (callsInFlight >= this.#options.callsInFlightMax) return tooManyCalls;
    if (waitedMs > this.#options.turnMsMax) return tooMuchWork;
    return this.#watch.isGuarded && this.#watch.isLate() ? tooMuchWork : null;
  }

  /** A call has been refused with `error`: counts it, and lets its connection rest. */
  refused(error: HeadgateError, req: CallerRequest, callsInFlight: number): void {
    const reason = error === tooManyCalls ? "calls_in_flight" : "event_loop";
    this.#options.onShed(reason);
    this.#resting.add(req);
    this.#shedAtMs = performance.now();
    if (!this.#isShedding) {
      this.#isShedding = true;
      this.#beganAtMs = this.#shedAtMs;
      this.#calls = 0;
      const fields = { reason, calls_in_flight: callsInFlight, event_loop_turn_ms: Math.round(this.#watch.turnMs) };
      this.#options.log.warn(fields, "overloaded: new calls are refused");
    }
    this.#calls++;
  }

  /** No connection rests any longer. */
  release(): void {
    this.#resting.release();
  }

  close(): void {
    this.#watch.stop();
    this.#resting.release();
  }

  #look(nowMs: number, sinceMs: number, isEasy: boolean): void {
    this.#resting.look(nowMs, sinceMs, isEasy);
    if (!this.#isShedding || nowMs - this.#shedAtMs < overAfterMs) return;
    this.#isShedding = false;
    const seconds = Math.round((this.#shedAtMs - this.#beganAtMs) / 100) / 10;
    this.#options.log.warn({ calls_refused: this.#calls, seconds }, "no longer overloaded");
  }
}
