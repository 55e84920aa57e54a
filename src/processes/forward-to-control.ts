// What arrives at a worker and is no model call goes to control, over a socket file, and its answer comes back the same way.
import { Agent, type ClientRequest, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream";
import { HeadgateError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { remoteAddressOf } from "../core/remote-address.ts";
import { isAdminPath, isDashboardRequest, isEventStreamPath, isOpsPath, pathOf } from "../domain/side-paths.ts";
import type { SideHandler } from "../gateway/listener.ts";
import { discardRest } from "../gateway/reply/send-error.ts";
import { OpsEndpoints } from "../telemetry/ops-endpoints.ts";
import { Readiness } from "../telemetry/readiness.ts";
import { framingOf, requestHeaders, responseHeaders } from "./forwarded-headers.ts";

export interface ForwardOptions {
  /** Control's socket file. */
  path: string;
  /** Whether this worker can serve calls. */
  hasSnapshot: () => boolean;
  /** How many requests may be under way at once, event streams included; default 1024. */
  openMax?: number;
  /** How long `/readyz` waits for control; default 1 s. */
  readinessTimeoutMs?: number;
  nowMs?: () => number;
}

/** A request that control has been asked to answer. */
interface Exchange {
  req: IncomingMessage;
  res: ServerResponse;
  upstream: ClientRequest;
  callerIsGone: boolean;
}

/** Probes still get through when that many requests are under way. */
const openForProbes = 32;
const idleSocketsMax = 32;
/** What node:http gives a server's answer by default is less than callers may make control say. */
const headerBytesMax = 256 * 1024;

export class ForwardToControl implements SideHandler {
  readonly #options: ForwardOptions;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: idleSocketsMax });
  readonly #open = new Set<Exchange>();
  readonly #watched = new WeakSet<Socket>();
  readonly #readiness = new Readiness();
  /** Answers for health and metrics while control doesn't. */
  readonly #ops: OpsEndpoints;

  constructor(options: ForwardOptions) {
    this.#options = options;
    this.#ops = new OpsEndpoints({
      readiness: {
        answer: (nowMs) => {
          if (options.hasSnapshot()) this.#readiness.ready();
          return this.#readiness.answer(nowMs);
        },
      },
      metrics: { contentType: "text/plain", text: async () => "" },
      nowMs: () => this.#nowMs(),
      authorizeMetrics: () => {
        throw unavailable();
      },
    });
  }

  /** Requests under way, event streams included. */
  get open(): number {
    return this.#open.size;
  }

  /** Resolves when nothing is under way, or after `timeoutMs`. */
  async idle(timeoutMs: number): Promise<void> {
    const until = Date.now() + timeoutMs;
    while (this.#open.size > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  owns(target: string, req: IncomingMessage): boolean {
    return isOpsPath(target) || isAdminPath(target) || isDashboardRequest(target, req);
  }

  sameOriginOnly(target: string, req: IncomingMessage): boolean {
    return isDashboardRequest(target, req);
  }

  handle(req: IncomingMessage, res: ServerResponse): void {
    const target = req.url ?? "/";
    const path = pathOf(target);
    // Whether this process lives is nobody else's to say, and it is not ready before it can serve.
    if (path === "/livez" || (path === "/readyz" && !this.#options.hasSnapshot())) return this.#ops.handle(req, res);
    const { openMax = 1024 } = this.#options;
    if (this.#open.size >= (isOpsPath(target) ? openMax + openForProbes : openMax)) {
      const message = `${openMax} requests for administration are under way here. Retry shortly.`;
      refuse(req, res, new HeadgateError("control_unavailable", { message, retryAfterSeconds: 1 }));
      return discardRest(req);
    }
    this.#forward(req, res, path === "/readyz" ? (this.#options.readinessTimeoutMs ?? 1000) : null);
  }

  /** Ends the streams of events, which nothing else ends: their readers connect again. */
  endEventStreams(): void {
    for (const { req, res, upstream } of this.#open) {
      if (!isEventStreamPath(req.url ?? "/") || !res.headersSent) continue;
      // Before its source goes, so that it ends as a whole.
      res.end();
      upstream.destroy();
    }
  }

  /** Cuts what is under way. */
  close(): void {
    for (const { res, upstream } of this.#open) {
      upstream.destroy();
      res.destroy();
    }
    this.#agent.destroy();
  }

  #forward(req: IncomingMessage, res: ServerResponse, timeoutMs: number | null): void {
    const upstream = request({
      socketPath: this.#options.path,
      agent: this.#agent,
      method: req.method,
      path: req.url,
      headers: requestHeaders(req, remoteAddressOf(req)),
      maxHeaderSize: headerBytesMax,
    });
    upstream.maxHeadersCount = 0;
    const exchange: Exchange = { req, res, upstream, callerIsGone: false };
    this.#open.add(exchange);
    this.#watch(req.socket);
    const late = timeoutMs === null ? undefined : setTimeout(() => upstream.destroy(new Error("it is late")), timeoutMs);
    upstream.once("response", (answer) => {
      clearTimeout(late);
      this.#readiness.restored("control");
      this.#relay(answer, exchange);
    });
    upstream.on("error", (error) => this.#failed(exchange, error));
    upstream.once("close", () => {
      clearTimeout(late);
      this.#open.delete(exchange);
      // Answered before it was all sent, or not at all.
      req.unpipe(upstream);
      discardRest(req);
    });
    if (framingOf(req) === "none") upstream.end();
    else req.pipe(upstream);
  }

  #relay(answer: IncomingMessage, { req, res, upstream }: Exchange): void {
    res.writeHead(answer.statusCode as number, answer.statusMessage, responseHeaders(answer.rawHeaders));
    // Of use before the first event. Not for every answer: node:http writes such heads as UTF-8, others byte by byte.
    if (answer.headers["content-type"]?.startsWith("text/event-stream")) res.flushHeaders();
    answer.once("end", () => {
      // The rest of a body that was answered early is of use to nobody.
      if (!req.complete) upstream.destroy();
    });
    pipeline(answer, res, () => {});
  }

  #failed({ req, res, callerIsGone }: Exchange, error: Error): void {
    // Once an answer has begun, it is its end that fails.
    if (callerIsGone || res.headersSent) return;
    this.#readiness.degraded("control", "it does not answer", this.#nowMs());
    if (isOpsPath(req.url ?? "/")) return this.#ops.handle(req, res);
    refuse(req, res, hasConnected(error) && req.method !== "GET" && req.method !== "HEAD" ? brokenOff() : unavailable());
  }

  /** node:http tells of a lost caller only for the answer that is being written, not for those behind it. */
  #watch(socket: Socket): void {
    if (this.#watched.has(socket)) return;
    this.#watched.add(socket);
    socket.once("close", () => {
      for (const exchange of this.#open) {
        if (exchange.req.socket !== socket) continue;
        exchange.callerIsGone = true;
        exchange.upstream.destroy();
      }
    });
  }

  #nowMs(): number {
    return this.#options.nowMs?.() ?? Date.now();
  }
}

function hasConnected(error: NodeJS.ErrnoException): boolean {
  return error.syscall !== "connect";
}

function unavailable(): HeadgateError {
  return new HeadgateError("control_unavailable", { retryAfterSeconds: 1 });
}

/** Without a time to come back: whether the change was made has to be looked up first. */
function brokenOff(): HeadgateError {
  const message = "The process that administers this gateway ended before it answered. Check whether the change was made.";
  return new HeadgateError("control_unavailable", { message });
}

/** As the admin API answers errors. */
function refuse(req: IncomingMessage, res: ServerResponse, { status, code, message, options }: HeadgateError): void {
  const body = JSON.stringify({ error: { code, message } });
  res.setHeader("x-request-id", newId("req"));
  res.setHeader("content-type", "application/json; charset=utf-8");
  res.setHeader("content-length", Buffer.byteLength(body));
  res.setHeader("cache-control", "no-store");
  res.setHeader("x-content-type-options", "nosniff");
  if (options.retryAfterSeconds !== undefined) res.setHeader("retry-after", options.retryAfterSeconds);
  res.writeHead(status);
  res.end(req.method === "HEAD" ? undefined : body);
}
