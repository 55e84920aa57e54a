// The listening socket: node:http, its limits, CORS, and which part of Headgate a path belongs to.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type ErrorCode, HeadgateError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { allowOrigin } from "./cors.ts";
import type { Gateway } from "./gateway.ts";
import { errorBody } from "./reply/error-body.ts";

/** Takes requests for paths that are not model calls. */
export interface SideHandler {
  /** True when the request is this handler's. `path`: with its query. */
  owns(path: string, req: IncomingMessage): boolean;
  /** Of no use to pages of other origins: they are let in nowhere here, whatever the configuration says. */
  readonly sameOriginOnly?: boolean;
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
}

interface Exchange {
  req: IncomingMessage;
  res: ServerResponse;
}

/** The last request that a connection brought. */
const lastExchange = Symbol("last exchange");
type ExchangingSocket = Duplex & { [lastExchange]?: Exchange };

/** For the answer to a broken request to leave; after that nothing watches the connection any more. */
const brokenSocketTimeoutMs = 1000;

export class Listener {
  readonly #server: Server;
  readonly #options: ListenerOptions;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        keepAlive: true,
        noDelay: true,
        requestTimeout: options.requestTimeoutMs,
        headersTimeout: Math.min(60_000, options.requestTimeoutMs),
        // Longer than load balancers keep idle connections (60 s is their usual), so that they close first.
        keepAliveTimeout: 75_000,
        connectionsCheckingInterval: Math.min(5000, Math.ceil(options.requestTimeoutMs / 4)),
        maxHeaderSize: 64 * 1024,
      },
      (req, res) => this.#dispatch(req, res, false),
    );
    this.#server.on("checkContinue", (req, res) => this.#dispatch(req, res, true));
    this.#server.on("clientError", (error, socket) => this.#broken(error, socket));
  }

  /** Resolves with the port that is listened on; rejects when it is taken. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port, this.#options.host, 4096, () => {
        this.#server.off("error", reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Stops listening and closes what is idle; `force` also cuts what isn't. */
  close(force: boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
      if (force) this.#server.closeAllConnections();
    });
  }

  #dispatch(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    (req.socket as ExchangingSocket)[lastExchange] = { req, res };
    const { corsOrigins, sideHandlers, gateway } = this.#options;
    const path = req.url ?? "/";
    const side = sideHandlers.find((each) => each.owns(path, req));
    if (corsOrigins.length > 0 && side?.sameOriginOnly !== true && allowOrigin(req, res, corsOrigins)) return;
    if (side === undefined) return gateway.handle(req, res, expectsContinue);
    if (expectsContinue) res.writeContinue();
    side.handle(req, res);
  }

  /** Requests that node:http could not read, or not in time, get an answer in JSON too. */
  #broken(error: NodeJS.ErrnoException, socket: Duplex): void {
    const exchange = (socket as ExchangingSocket)[lastExchange];
    const isLate = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
    if (isLate && exchange?.req.complete === false && this.#options.gateway.bodyTimedOut(exchange.req)) return;
    if (error.code === "ECONNRESET" || !socket.writable || isAnswering(exchange)) socket.destroy();
    else answerBrokenRequest(error, socket);
  }
}

/** True while an answer is on its way through the connection: bytes of another one would be read as part of it. */
function isAnswering(exchange: Exchange | undefined): boolean {
  if (exchange === undefined || exchange.res.writableFinished) return false;
  // Without a socket it waits for the answer to an earlier request.
  return exchange.res.headersSent || exchange.res.socket === null;
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
