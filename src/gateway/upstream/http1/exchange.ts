// One request and its answer, from dispatch to the last call of its handler.
import { type RequestHead, requestHead } from "./request-head.ts";
import type { UpstreamControl, UpstreamHandler, UpstreamRequest } from "./upstream-request.ts";

/** Where an exchange is: in the queue, or on a connection. */
export interface ExchangeHolder {
  /** The exchange is over and leaves at once. */
  abandon(exchange: Exchange): void;
  pauseExchange(): void;
  resumeExchange(): void;
}

const repeatableMethods = new Set(["GET", "HEAD", "OPTIONS"]);

export class Exchange implements UpstreamControl {
  readonly head: RequestHead;
  readonly handler: UpstreamHandler;
  readonly isHeadRequest: boolean;
  body: UpstreamRequest["body"];
  /** Null when it is over. */
  holder: ExchangeHolder | null = null;
  paused = false;
  /** `onStart` has been called. */
  started = false;
  /** Sending it again does no harm, and has not been tried. */
  mayRepeat: boolean;
  /** In the queue: connections that had been begun when it came there. */
  connectsBefore = 0;
  /** Neighbours in the queue. */
  previous: Exchange | null = null;
  next: Exchange | null = null;

  /** Throws HEADGATE_UPSTREAM_INVALID_REQUEST. */
  constructor(request: UpstreamRequest, handler: UpstreamHandler, hostLine: string) {
    this.head = requestHead(request, hostLine);
    this.handler = handler;
    this.isHeadRequest = request.method === "HEAD";
    this.body = this.head.bodyBytes === 0 && isInMemory(request.body) ? null : request.body;
    this.mayRepeat = this.body === null && repeatableMethods.has(request.method);
  }

  abort(reason: Error): void {
    const { holder } = this;
    if (holder === null) return;
    holder.abandon(this);
    this.fail(reason);
  }

  pause(): void {
    if (this.paused || this.holder === null) return;
    this.paused = true;
    this.holder.pauseExchange();
  }

  resume(): void {
    if (!this.paused || this.holder === null) return;
    this.paused = false;
    this.holder.resumeExchange();
  }

  /** For whoever held it, and has let go. */
  end(): void {
    this.release();
    try {
      this.handler.onEnd();
    } catch (error) {
      throwLater(error);
    }
  }

  /** For whoever held it, and has let go. */
  fail(error: Error): void {
    this.release();
    try {
      this.handler.onError(error);
    } catch (thrown) {
      throwLater(thrown);
    }
  }

  /** It is over: nothing is held any longer, above all not the body. */
  release(): void {
    this.holder = null;
    this.body = null;
  }
}

/** A handler's bug is everybody's to see, but not the connection's or the queue's to suffer. */
export function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

function isInMemory(body: UpstreamRequest["body"]): boolean {
  return body === null || Buffer.isBuffer(body) || Array.isArray(body);
}
