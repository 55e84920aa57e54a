// HTTP/1.1 connections to one origin, kept open between requests: one request at a time each, the last used first.
import type { Socket } from "node:net";
import type { Clock, Timer } from "../../../core/clock.ts";
import { Exchange } from "./exchange.ts";
import { type ConnectionOwner, Http1Connection } from "./http1-connection.ts";
import { UpstreamProtocolError } from "./upstream-protocol-error.ts";
import type { UpstreamControl, UpstreamHandler, UpstreamRequest } from "./upstream-request.ts";
import { WaitingExchanges } from "./waiting-exchanges.ts";

export interface ConnectTarget {
  /** `https:` or `http:`. */
  protocol: string;
  host: string;
  /** Without the brackets of an IPv6 address. */
  hostname: string;
  /** "" for the protocol's own. */
  port: string;
}

/** Makes connected (for https: secured) sockets, as `createConnector` does. Its errors reach handlers unchanged. */
export type Connect = (target: ConnectTarget, callback: (...result: [null, Socket] | [Error, null]) => void) => void;

export interface Http1PoolOptions {
  connect: Connect;
  clock: Clock;
  /** Sockets at a time; further requests wait, in order. */
  connectionsMax: number;
  /** Bytes of one answer's head. */
  headBytesMax: number;
  /** How long a connection is kept free when the endpoint doesn't say. Default 4 s. */
  keepAliveMs?: number;
}

export interface Http1PoolStats {
  connecting: number;
  busy: number;
  free: number;
  waiting: number;
}

/** An endpoint that closes at the time it names would meet requests that are on their way. */
const keepAliveMarginMs = 1000;
const keepAliveMaxMs = 600_000;
const sweepIntervalMs = 1000;

export class Http1Pool implements ConnectionOwner {
  readonly #options: Http1PoolOptions;
  readonly #keepAliveMs: number;
  readonly #target: ConnectTarget;
  readonly #hostLine: string;
  readonly #connections = new Set<Http1Connection>();
  readonly #free: Http1Connection[] = [];
  readonly #waiting = new WaitingExchanges();
  /** Reserved, and due to be sent with the next `#startReserved`. */
  #reserved: Http1Connection[] = [];
  #starting: Http1Connection[] = [];
  #connecting = 0;
  #connectsBegun = 0;
  #sweep: Timer | null = null;
  #isClosed = false;
  #whenEmpty: (() => void)[] = [];
  readonly #startReserved = () => this.#startAllReserved();

  /** `origin`: "https://host:port", http or https. */
  constructor(origin: string, options: Http1PoolOptions) {
    const { protocol, host, hostname, port } = new URL(origin);
    this.#options = options;
    this.#keepAliveMs = options.keepAliveMs ?? 4000;
    this.#target = { protocol, host, hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port };
    this.#hostLine = `host: ${host}\r\n`;
  }

  /** Throws HEADGATE_UPSTREAM_INVALID_REQUEST and HEADGATE_UPSTREAM_POOL_CLOSED; everything else goes to the handler. */
  dispatch(request: UpstreamRequest, handler: UpstreamHandler): UpstreamControl {
    if (this.#isClosed) throw poolClosed();
    const exchange = new Exchange(request, handler, this.#hostLine);
    if (!this.#reserve(exchange)) {
      exchange.connectsBefore = this.#connectsBegun;
      this.#waiting.push(exchange);
      this.#connect();
    }
    return exchange;
  }

  /** Takes no more requests; resolves when those on their way and those that wait are over, and all sockets closed. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#sweep?.cancel();
    this.#sweep = null;
    for (const connection of this.#free.splice(0)) connection.destroy(null);
    return this.#emptied();
  }

  /** Every request fails with HEADGATE_UPSTREAM_POOL_CLOSED; resolves when all sockets are closed. */
  destroy(): Promise<void> {
    const empty = this.close();
    const error = poolClosed();
    for (let exchange = this.#waiting.shift(); exchange !== null; exchange = this.#waiting.shift()) exchange.fail(error);
    for (const connection of this.#connections) connection.destroy(error);
    return empty;
  }

  get stats(): Http1PoolStats {
    const free = this.#free.length;
    return { connecting: this.#connecting, busy: this.#connections.size - free, free, waiting: this.#waiting.size };
  }

  served(connection: Http1Connection, timeoutMs: number | null): void {
    const usableMs = timeoutMs === null ? this.#keepAliveMs : Math.min(timeoutMs - keepAliveMarginMs, keepAliveMaxMs);
    connection.usableUntilMs = this.#options.clock.nowMs() + usableMs;
    if (usableMs <= 0) connection.destroy(null);
    else this.unused(connection);
  }

  unused(connection: Http1Connection): void {
    const next = this.#waiting.shift();
    if (next !== null) return this.#reserveFor(connection, next);
    if (this.#isClosed) return connection.destroy(null);
    this.#free.push(connection);
    this.#sweep ??= this.#options.clock.after(sweepIntervalMs, () => this.#sweepFree());
  }

  restart(exchange: Exchange, fresh: boolean): void {
    if (!fresh && this.#reserve(exchange)) return;
    exchange.connectsBefore = this.#connectsBegun;
    this.#waiting.pushFirst(exchange);
    this.#connect();
  }

  closed(connection: Http1Connection): void {
    this.#connections.delete(connection);
    const at = this.#free.lastIndexOf(connection);
    if (at !== -1) this.#free.splice(at, 1);
    this.#connect();
    this.#checkEmpty();
  }

  /** On the free connection that was used last. False when there is none. */
  #reserve(exchange: Exchange): boolean {
    for (let connection = this.#free.pop(); connection !== undefined; connection = this.#free.pop()) {
      if (connection.isOpen && connection.usableUntilMs > this.#options.clock.nowMs()) {
        this.#reserveFor(connection, exchange);
        return true;
      }
      connection.destroy(null);
    }
    return false;
  }

  /**
   * Sent at the end of the event loop's turn, when what had come for any socket at its beginning has been read: a connection
   * that the endpoint has closed, or on which it has said more than it was asked for, is found out before it is written to.
   */
  #reserveFor(connection: Http1Connection, exchange: Exchange): void {
    connection.reserve(exchange);
    if (this.#reserved.push(connection) === 1) setImmediate(this.#startReserved);
  }

  #startAllReserved(): void {
    const starting = this.#reserved;
    this.#reserved = this.#starting;
    for (const connection of starting) connection.start();
    starting.length = 0;
    this.#starting = starting;
  }

  /** One for each request that waits, within the limit. */
  #connect(): void {
    const isEnough = this.#connecting >= this.#waiting.size;
    if (isEnough || this.#connections.size + this.#connecting >= this.#options.connectionsMax) return;
    this.#connecting++;
    const connectNo = ++this.#connectsBegun;
    try {
      this.#options.connect(this.#target, (error, socket) => this.#connected(connectNo, error, socket));
    } catch (error) {
      queueMicrotask(() => this.#connected(connectNo, error as Error, null));
    }
  }

  #connected(connectNo: number, error: Error | null, socket: Socket | null): void {
    this.#connecting--;
    if (socket === null || socket.destroyed) {
      return this.#notConnected(connectNo, error ?? socket?.errored ?? new Error("the socket was closed at once"));
    }
    const exchange = this.#waiting.shift();
    if (exchange === null && this.#isClosed) return void socket.destroy();
    const connection = new Http1Connection(socket, this, this.#options.headBytesMax);
    connection.usableUntilMs = this.#options.clock.nowMs() + this.#keepAliveMs;
    this.#connections.add(connection);
    if (exchange === null) return this.unused(connection);
    connection.reserve(exchange);
    connection.start();
  }

  /** Takes the oldest request with it, unless there are connections under way for all, or it came when this was under way. */
  #notConnected(connectNo: number, error: Error): void {
    const { first, size } = this.#waiting;
    if (first !== null && size > this.#connecting && first.connectsBefore < connectNo) {
      this.#waiting.abandon(first);
      first.fail(error);
    }
    this.#connect();
    this.#checkEmpty();
  }

  #sweepFree(): void {
    this.#sweep = null;
    const nowMs = this.#options.clock.nowMs();
    const kept = this.#free.filter((connection) => connection.usableUntilMs > nowMs);
    const expired = this.#free.filter((connection) => connection.usableUntilMs <= nowMs);
    this.#free.splice(0, this.#free.length, ...kept);
    for (const connection of expired) connection.destroy(null);
    if (kept.length > 0) this.#sweep = this.#options.clock.after(sweepIntervalMs, () => this.#sweepFree());
  }

  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenEmpty.push(resolve);
      this.#checkEmpty();
    });
  }

  #checkEmpty(): void {
    if (!this.#isClosed || this.#connections.size > 0 || this.#waiting.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }
}

function poolClosed(): UpstreamProtocolError {
  return new UpstreamProtocolError("HEADGATE_UPSTREAM_POOL_CLOSED", "the pool of connections is closed");
}
