// The connections that have brought nothing but plain model calls so far: hands them over, and looks after their timeouts.
import type { Socket } from "node:net";
import { PlainConnection, type PlainConnectionOwner, type Turns } from "./plain-connection.ts";
import type { PlainReply } from "./plain-reply.ts";
import type { PlainRequest } from "./plain-request.ts";

export interface PlainConnectionsOptions {
  /** How long a new connection may bring nothing. */
  firstTimeoutMs: number;
  /** How long a request may take to arrive. */
  bodyTimeoutMs: number;
  /** How long a connection is kept for the next request. */
  keepAliveTimeoutMs: number;
  lookEveryMs: number;
  /** False: the request is for somebody else. */
  takes(req: PlainRequest): boolean;
  /** False: no call has begun. */
  handle(req: PlainRequest, res: PlainReply, waitedMs: number): boolean;
  turns: Turns;
  /** Gives a connection, with all that it has brought and nobody has taken, to node:http. */
  handOver(socket: Socket): void;
  /** The request under way can't be read to its end, or nothing has come in time. */
  broken(error: NodeJS.ErrnoException, socket: Socket): void;
}

export class PlainConnections implements PlainConnectionOwner {
  readonly keepAliveLines: string;
  readonly turns: Turns;
  readonly #options: PlainConnectionsOptions;
  readonly #connections = new Set<PlainConnection>();
  /** Looks while there are any. */
  #timer: NodeJS.Timeout | null = null;

  constructor(options: PlainConnectionsOptions) {
    this.#options = options;
    this.turns = options.turns;
    const seconds = Math.floor(options.keepAliveTimeoutMs / 1000);
    this.keepAliveLines = `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n`;
  }

  add(socket: Socket): void {
    this.#connections.add(new PlainConnection(socket, this));
    this.#timer ??= setInterval(() => this.#look(), this.#options.lookEveryMs).unref();
  }

  takes(req: PlainRequest): boolean {
    return this.#options.takes(req);
  }

  handle(req: PlainRequest, res: PlainReply, waitedMs: number): boolean {
    return this.#options.handle(req, res, waitedMs);
  }

  handOver(connection: PlainConnection, bytes: Buffer): void {
    const { socket } = connection;
    if (socket.destroyed) return;
    connection.release();
    this.closed(connection);
    // Paused, so that `bytes` wait for their reader, and come before what is received from now on.
    socket.pause();
    socket.unshift(bytes);
    this.#options.handOver(socket);
    socket.resume();
  }

  broken(error: NodeJS.ErrnoException, socket: Socket): void {
    this.#options.broken(error, socket);
  }

  closed(connection: PlainConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const nowMs = performance.now();
    const { firstTimeoutMs, bodyTimeoutMs, keepAliveTimeoutMs } = this.#options;
    for (const connection of this.#connections) {
      const { awaits, socket } = connection;
      if (awaits === null) continue;
      const waitsMs = nowMs - connection.sinceMs;
      if (awaits === "next") {
        if (waitsMs > keepAliveTimeoutMs) socket.destroy();
      } else if (waitsMs > (awaits === "first" ? firstTimeoutMs : bodyTimeoutMs)) {
        // Said once.
        connection.sinceMs = Number.POSITIVE_INFINITY;
        this.broken(late(), socket);
      }
    }
  }
}

/** As node:http says it. */
function late(): NodeJS.ErrnoException {
  return Object.assign(new Error("the request did not come in time"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
}
