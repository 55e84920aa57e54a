// The side of a channel that connects, and connects again whenever the connection goes.
import { connect, type Socket } from "node:net";
import type { Clock, Timer } from "../../core/clock.ts";
import { ChannelClosed } from "./channel-errors.ts";
import type { ChannelHandlers, ChannelLimits, ChannelPeer } from "./channel-peer.ts";
import { checkSocketPath } from "./socket-path.ts";
import { SocketPeer } from "./socket-peer.ts";

const retryAfterMsMin = 50;
const retryAfterMsMax = 1000;

export interface ChannelClientOptions extends ChannelLimits {
  /** Of the server's socket. */
  path: string;
  handlers: ChannelHandlers;
  clock: Clock;
  /** Each time that there is a connection; `peer` is that connection alone. */
  onOpen?: ((peer: ChannelPeer) => void) | undefined;
  /** Each time that one is gone; the next attempt follows by itself. */
  onClosed?: (() => void) | undefined;
  /** A connection that ended by a fault, or a handler that threw with nobody waiting for its answer. */
  onProblem?: ((error: Error) => void) | undefined;
}

export class ChannelClient implements ChannelPeer {
  readonly #options: ChannelClientOptions;
  #peer: SocketPeer | null = null;
  #connecting: Socket | null = null;
  #retry: Timer | null = null;
  #retryAfterMs = retryAfterMsMin;
  #isStarted = false;

  constructor(options: ChannelClientOptions) {
    checkSocketPath(options.path);
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#peer?.isOpen ?? false;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#connect();
  }

  /** Ends the connection, and makes no other until the next `start`. */
  stop(): void {
    this.#isStarted = false;
    this.#retry?.cancel();
    this.#retry = null;
    this.#connecting?.destroy();
    this.#connecting = null;
    this.#peer?.close();
  }

  /** Without a connection rejects at once with ChannelClosed: nothing waits for one. */
  call<Answer>(name: string, argument: unknown, options: { timeoutMs: number }): Promise<Answer> {
    return this.#peer?.call<Answer>(name, argument, options) ?? Promise.reject(new ChannelClosed(name));
  }

  tell(name: string, argument: unknown): boolean {
    return this.#peer?.tell(name, argument) ?? false;
  }

  /** The same as `stop`. */
  close(): void {
    this.stop();
  }

  #connect(): void {
    const socket = connect(this.#options.path);
    this.#connecting = socket;
    const onClose = () => {
      if (this.#connecting !== socket) return;
      this.#connecting = null;
      this.#connectLater();
    };
    const onError = () => undefined;
    socket.on("error", onError);
    socket.once("close", onClose);
    socket.once("connect", () => {
      socket.off("error", onError);
      socket.off("close", onClose);
      this.#connecting = null;
      this.#open(socket);
    });
  }

  #open(socket: Socket): void {
    const { handlers, clock, onOpen, onClosed, onProblem, frameBytesMax, queuedBytesMax, callsMax } = this.#options;
    const openedAtMs = clock.nowMs();
    const peer = new SocketPeer(socket, {
      ...{ handlers, clock, onProblem, frameBytesMax, queuedBytesMax, callsMax },
      onGone: () => {
        // One that goes as soon as it comes is no reason to hurry.
        if (clock.nowMs() - openedAtMs >= retryAfterMsMax) this.#retryAfterMs = retryAfterMsMin;
        if (this.#peer === peer) this.#peer = null;
        onClosed?.();
        this.#connectLater();
      },
    });
    this.#peer = peer;
    onOpen?.(peer);
  }

  #connectLater(): void {
    // Stopped; or started again by somebody who was told that the connection is gone.
    if (!this.#isStarted || this.#peer !== null || this.#connecting !== null || this.#retry !== null) return;
    this.#retry = this.#options.clock.after(this.#retryAfterMs, () => {
      this.#retry = null;
      this.#connect();
    });
    this.#retryAfterMs = Math.min(this.#retryAfterMs * 2, retryAfterMsMax);
  }
}
