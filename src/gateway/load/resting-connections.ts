// Connections whose call was refused: what they bring next is not read for a moment, so that refusing costs no more than serving.

import type { Socket } from "node:net";
import type { CallerRequest } from "../caller-request.ts";

/** As long as `retry-after` asks for, and no longer. */
const restMsMax = 1000;
/** How many may go on in a second. A refusal takes about 20 µs: this many cost a twentieth of a core. */
const perSecondLoaded = 2000;
/** The same when there is room for what they bring. */
const perSecondEasy = 10_000;

interface Resting {
  socket: Socket;
  sinceMs: number;
}

/**
 * A refusal costs a fifth of what a call does, all of it for reading the request. Callers who ask again at once would take
 * up with it what is left for those who are served, so they get their answer at once, and the next one later. Their bytes
 * wait in the kernel; the connection lives.
 */
export class RestingConnections {
  /** In the order in which they came; those before `#next` have gone. */
  readonly #resting: Resting[] = [];
  #next = 0;

  /** `req` was refused. When all of it has been read, its connection rests. */
  add(req: CallerRequest): void {
    // Within the turn: with many connections, libuv reads on and on before a turn ends, and these would be back in it.
    req.once("close", () => {
      const { socket } = req;
      if (socket.destroyed) return;
      socket.pause();
      this.#resting.push({ socket, sinceMs: performance.now() });
    });
  }

  /** Lets go those whose time has come. `sinceMs`: the time since the last look. */
  look(nowMs: number, sinceMs: number, isEasy: boolean): void {
    const share = Math.ceil(((isEasy ? perSecondEasy : perSecondLoaded) * sinceMs) / 1000);
    for (let left = share; this.#next < this.#resting.length; left--) {
      const { socket, sinceMs: restsSinceMs } = this.#resting[this.#next] as Resting;
      if (left <= 0 && nowMs - restsSinceMs < restMsMax) break;
      this.#next++;
      socket.resume();
    }
    if (this.#next > 1000 || this.#next === this.#resting.length) {
      this.#resting.splice(0, this.#next);
      this.#next = 0;
    }
  }

  /** Lets all of them go on. */
  release(): void {
    for (const { socket } of this.#resting.splice(0).slice(this.#next)) socket.resume();
    this.#next = 0;
  }
}
