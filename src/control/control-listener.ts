// Control's HTTP server on a socket file: workers pass on to it what is no model call.
import { rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type OutgoingHttpHeader, type Server, ServerResponse } from "node:http";
import { setRemoteAddress } from "../core/remote-address.ts";
import { workerPeerHeader } from "../domain/http-headers.ts";

/** Takes requests for some of the paths. */
export interface ControlHandler {
  /** `path`: with its query. */
  owns(path: string, req: IncomingMessage): boolean;
  handle(req: IncomingMessage, res: ServerResponse): void;
}

export interface ControlListenerOptions {
  /** Of the socket file; its folder lets nobody else in. What an earlier process has left there is removed. */
  path: string;
  /** Asked in order. Origins of other pages are the workers' to let in. */
  sideHandlers: readonly ControlHandler[];
}

export class ControlListener {
  readonly #server: Server<typeof IncomingMessage, typeof AnswerForWorker>;
  readonly #sideHandlers: readonly ControlHandler[];

  private constructor(sideHandlers: readonly ControlHandler[]) {
    this.#sideHandlers = sideHandlers;
    this.#server = createServer(
      {
        ServerResponse: AnswerForWorker,
        // Workers look at what callers send; between them and here nothing is slow, and connections stay.
        requestTimeout: 0,
        headersTimeout: 0,
        keepAliveTimeout: 0,
        requireHostHeader: false,
        maxHeaderSize: 256 * 1024,
      },
      (req, res) => this.#dispatch(req, res),
    );
    this.#server.maxHeadersCount = 0;
  }

  /** Resolves when workers may connect. */
  static async listen({ path, sideHandlers }: ControlListenerOptions): Promise<ControlListener> {
    await rm(path, { force: true });
    const listener = new ControlListener(sideHandlers);
    const server = listener.#server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ path, backlog: 4096 }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    return listener;
  }

  /** Stops listening, and cuts what is under way. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #dispatch(req: IncomingMessage, res: ServerResponse): void {
    const address = req.headers[workerPeerHeader];
    // Handlers see what the caller sent, and where from.
    delete req.headers[workerPeerHeader];
    setRemoteAddress(req, typeof address === "string" ? address : "");
    const path = req.url ?? "/";
    const handler = this.#sideHandlers.find((each) => each.owns(path, req));
    if (handler !== undefined) return handler.handle(req, res);
    // Workers pass on nothing that no handler owns.
    req.resume();
    res.writeHead(404).end();
  }
}

/**
 * Keeps its connection. Fastify closes those on which a body was too large; the rest of it would then break the worker's
 * writing before it has read the answer. A worker stops sending when it has.
 */
class AnswerForWorker extends ServerResponse {
  // biome-ignore lint/suspicious/noExplicitAny: the overloads of node:http
  override writeHead(...[status, ...rest]: any[]): this {
    const headers = rest.at(-1) as Record<string, OutgoingHttpHeader> | OutgoingHttpHeader[] | string | undefined;
    this.removeHeader("connection");
    if (typeof headers === "object" && !Array.isArray(headers)) {
      const kept = Object.entries(headers).filter(([name]) => name.toLowerCase() !== "connection");
      rest[rest.length - 1] = Object.fromEntries(kept);
    }
    return super.writeHead(status, ...rest);
  }
}
