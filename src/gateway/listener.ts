// The listening socket: which connections node:http reads, its limits, CORS, and which part of Headgate a path belongs to.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type ErrorCode, HeadgateError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { CallerMessage } from "./caller-message.ts";
import type { CallerReply } from "./caller-reply.ts";
import type { CallerRequest } from "./caller-request.ts";
import { allowOrigin } from "./cors.ts";
import type { Gateway } from "./gateway.ts";
import { PlainConnections } from "./http1-server/plain-connections.ts";
import { errorBody } from "./reply/error-body.ts";

/** Takes requests for paths that are not model calls. */
export interface SideHandler {
  /** True when the request is this handler's. `path`: with its query. */
  owns(path: string, req: Pick<IncomingMessage, "method" | "headers">): boolean;
  /** Of no use to pages of other origins: they are let in nowhere here, whatever the configuration says. */
  sameOriginOnly?(path: string, req: IncomingMessage): boolean;
  handle(req: IncomingMessage, res: ServerResponse): void;
}

export interface ListenerOptions {
  host: string;
  port: number;
  gateway: Gateway;
  /** Asked in order before the gateway. */
  sideHandlers: readonly SideHandler[];
  corsOrigins: readonly string[];
  /** How long a request's head and body may take to arrive. */
  requestTimeoutMs: number;
  /** How long connections without a request stay open once it is to close; default 500 ms. */
  idleGraceMs?: number;
  /** Default: true. False: node:http reads plain model calls too. */
  plainRequests?: boolean;
}

interface Exchange {
  req: CallerRequest;
  res: CallerReply;
}

/** The last request that a connection brought. */
const lastExchange = Symbol("last exchange");
type ExchangingSocket = Duplex & { [lastExchange]?: Exchange };

const backlog = 4096;

// Longer than load balancers keep idle connections (60 s is their usual), so that they close first.
const keepAliveTimeoutMs = 75_000;

/** For the answer to a broken request to leave; after that nothing watches the connection any more. */
const brokenSocketTimeoutMs = 1000;

export class Listener {
  readonly #server: Server;
  readonly #options: ListenerOptions;
  readonly #connections = new Set<Socket>();
  readonly #plain: PlainConnections;
  readonly #closed: Promise<void>;
  #hasListened = false;
  #isRetiring = false;
  #retired: Promise<void> | null = null;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const headersTimeoutMs = Math.min(60_000, options.requestTimeoutMs);
    const lookEveryMs = Math.min(5000, Math.ceil(options.requestTimeoutMs / 4));
    this.#server = createServer(
      {
        IncomingMessage: CallerMessage,
        keepAlive: true,
        noDelay: true,
        requestTimeout: options.requestTimeoutMs,
        headersTimeout: headersTimeoutMs,
        keepAliveTimeout: keepAliveTimeoutMs,
        connectionsCheckingInterval: lookEveryMs,
        maxHeaderSize: 64 * 1024,
      },
      (req, res) => this.#dispatch(req, res, false),
    );
    // Their bytes are bounded. A bound on their number makes some versions of node:http lose the headers behind it unsaid.
    this.#server.maxHeadersCount = 0;
    const toNode = this.#server.listeners("connection") as ((socket: Socket) => void)[];
    this.#plain = new PlainConnections({
      firstTimeoutMs: headersTimeoutMs,
      bodyTimeoutMs: options.requestTimeoutMs,
      keepAliveTimeoutMs,
      lookEveryMs,
      takes: (req) => this.#takesPlain(req),
      handle: (req, res, waitedMs) => this.#handlePlain(req, res, waitedMs),
      turns: options.gateway.turns,
      handOver: (socket) => {
        for (const listener of toNode) listener.call(this.#server, socket);
      },
      broken: (error, socket) => this.#broken(error, socket),
    });
    if (options.plainRequests !== false) {
      this.#server.removeAllListeners("connection");
      this.#server.on("connection", (socket) => this.#plain.add(socket));
    }
    this.#server.on("connection", (socket) => {
      this.#connections.add(socket);
      socket.once("close", () => this.#connections.delete(socket));
    });
    this.#closed = new Promise((resolve) => this.#server.once("close", resolve));
    this.#server.on("checkContinue", (req, res) => this.#dispatch(req, res, true));
    this.#server.on("clientError", (error, socket) => this.#broken(error, socket));
  }

  /** Resolves with the port that is listened on; rejects when it is taken. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port, this.#options.host, backlog, () => {
        this.#server.off("error", reject);
        this.#hasListened = true;
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /**
   * Stops listening. Each connection ends with its next answer, and without a request after `idleGraceMs`. Resolves when
   * then nothing is left but requests under way, whose connections end with them: nothing new comes any more.
   */
  retire(): Promise<void> {
    this.#retired ??= this.#retire();
    return this.#retired;
  }

  /** Resolves when every connection is gone: cut (`force`), or ended as `retire` does. */
  async close(force: boolean): Promise<void> {
    if (!this.#hasListened) return;
    if (force) {
      this.#isRetiring = true;
      this.#server.close();
      this.#server.closeAllConnections();
      for (const socket of this.#connections) socket.destroy();
    } else {
      await this.retire();
    }
    await this.#closed;
  }

  async #retire(): Promise<void> {
    this.#isRetiring = true;
    // http.Server's own `close` cuts answers that were written in full but not yet sent, and connections that were just made.
    if (this.#server.listening) NetServer.prototype.close.call(this.#server);
    for (const socket of this.#connections) {
      const res = answerUnderWay(socket);
      if (res !== null && !res.headersSent) res.shouldKeepAlive = false;
    }
    await this.#idleGrace();
    // What has come is answered, also what still waits for its turn; what node:http reads of it begins in the next.
    this.#options.gateway.turns.flush();
    await new Promise((resolve) => setImmediate(resolve));
    for (const socket of this.#connections) {
      const res = answerUnderWay(socket);
      if (res === null) socket.destroySoon();
      else res.once("close", () => socket.destroySoon());
    }
  }

  #idleGrace(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.idleGraceMs ?? 500);
      const look = () => {
        if (this.#connections.size > 0) return;
        clearTimeout(timer);
        resolve();
      };
      for (const socket of this.#connections) socket.once("close", look);
      look();
    });
  }

  #dispatch(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    (req.socket as ExchangingSocket)[lastExchange] = { req, res };
    if (this.#isRetiring) res.shouldKeepAlive = false;
    const { corsOrigins, sideHandlers, gateway } = this.#options;
    const path = req.url ?? "/";
    const side = sideHandlers.find((each) => each.owns(path, req));
    if (corsOrigins.length > 0 && side?.sameOriginOnly?.(path, req) !== true && allowOrigin(req, res, corsOrigins)) return;
    if (side === undefined) return void gateway.handle(req, res, expectsContinue);
    if (expectsContinue) res.writeContinue();
    side.handle(req, res);
  }

  /** Whether a plain request is the gateway's, without a word from anybody else. */
  #takesPlain(req: CallerRequest): boolean {
    const { corsOrigins, sideHandlers } = this.#options;
    if (corsOrigins.length > 0 && req.headers.origin !== undefined) return false;
    for (const each of sideHandlers) if (each.owns(req.url ?? "/", req)) return false;
    return true;
  }

  #handlePlain(req: CallerRequest, res: CallerReply, waitedMs: number): boolean {
    (req.socket as ExchangingSocket)[lastExchange] = { req, res };
    if (this.#isRetiring) res.shouldKeepAlive = false;
    return this.#options.gateway.handle(req, res, false, waitedMs);
  }

  /** Requests that node:http could not read, or not in time, get an answer in JSON too. */
  #broken(error: NodeJS.ErrnoException, socket: Duplex): void {
    const exchange = (socket as ExchangingSocket)[lastExchange];
    const isLate = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
    if (isLate && exchange?.req.complete === false && this.#options.gateway.bodyTimedOut(exchange.req)) return;
    if (error.code === "ECONNRESET" || !socket.writable || isAnswering(exchange)) socket.destroy();
    else if (isLast(exchange)) (socket as Socket).destroySoon();
    else answerBrokenRequest(error, socket);
  }
}

/** Of the last request that came by `socket`, unless it has been sent. */
function answerUnderWay(socket: ExchangingSocket): CallerReply | null {
  const res = socket[lastExchange]?.res;
  return res === undefined || res.writableFinished || res.destroyed ? null : res;
}

/** True while an answer is on its way through the connection: bytes of another one would be read as part of it. */
function isAnswering(exchange: Exchange | undefined): boolean {
  if (exchange === undefined || exchange.res.writableFinished) return false;
  // Without a socket it waits for the answer to an earlier request.
  return exchange.res.headersSent || exchange.res.socket === null;
}

/** True when an answer has been sent that was to be the connection's last one. */
function isLast(exchange: Exchange | undefined): boolean {
  return exchange?.res.writableFinished === true && !exchange.res.shouldKeepAlive;
}

function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  const code: ErrorCode = error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? "body_timeout" : "invalid_header";
  const message = error.code === "HPE_HEADER_OVERFLOW" ? "The request's headers are larger than 64 KB." : undefined;
  const unreadable = code === "invalid_header" && message === undefined ? "The request is not valid HTTP/1.1." : message;
  const failure = new HeadgateError(code, unreadable === undefined ? {} : { message: unreadable });
  const id = newId("req");
  const body = errorBody(failure, "openai", id);
  const lines = [
    `HTTP/1.1 ${failure.status} ${failure.status === 408 ? "Request Timeout" : "Bad Request"}`,
    `x-request-id: ${id}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "x-headgate-error-source: gateway",
    `x-headgate-error-code: ${code}`,
    "connection: close",
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
  // A caller that does not close its side would keep the socket for ever: node:http has stopped counting it.
  setTimeout(() => socket.destroy(), brokenSocketTimeoutMs).unref();
}
