// The calls of one connection that wait for their answers, each with its deadline.
import type { Clock, Timer } from "../../core/clock.ts";
import { ChannelClosed, ChannelTimeout } from "./channel-errors.ts";

interface PendingCall {
  name: string;
  resolve(answer: unknown): void;
  reject(error: Error): void;
  timer: Timer;
}

export class PendingCalls {
  readonly #clock: Clock;
  readonly #byId = new Map<number, PendingCall>();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The id to send with the call, and the promise of its answer. */
  add(name: string, timeoutMs: number): { id: number; answer: Promise<unknown> } {
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () => {
        // Where the event loop was held up, the answer may be there already, unread: timers run before sockets are read.
        setImmediate(() => this.fail(id, new ChannelTimeout(name, timeoutMs)));
      });
      this.#byId.set(id, { name, resolve, reject, timer });
    });
    return { id, answer };
  }

  /** An answer that nobody waits for any more is dropped. */
  succeed(id: number, answer: unknown): void {
    this.#take(id)?.resolve(answer);
  }

  fail(id: number, error: Error): void {
    this.#take(id)?.reject(error);
  }

  /** The connection is gone. */
  failAll(): void {
    for (const [id, { name }] of this.#byId) this.fail(id, new ChannelClosed(name));
  }

  #take(id: number): PendingCall | undefined {
    const call = this.#byId.get(id);
    if (call === undefined) return undefined;
    this.#byId.delete(id);
    call.timer.cancel();
    return call;
  }
}
