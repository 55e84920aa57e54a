// One connection to an endpoint: writes a request, passes its answer on, and says whether it can be used again.
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { type Exchange, type ExchangeHolder, throwLater } from "./exchange.ts";
import { ResponseParser, type ResponseSink } from "./response-parser.ts";
import { StreamedBody } from "./streamed-body.ts";
import { invalidAnswer, UpstreamProtocolError } from "./upstream-protocol-error.ts";

/** The pool, as its connections see it. */
export interface ConnectionOwner {
  /** The connection has served a request, and is free. `timeoutMs`: how long the endpoint says it keeps it open. */
  served(connection: Http1Connection, timeoutMs: number | null): void;
  /** It is free again, without having been used. */
  unused(connection: Http1Connection): void;
  /** Another connection has to carry the exchange; nothing of an answer has come. `fresh`: one that is made for it. */
  restart(exchange: Exchange, fresh: boolean): void;
  closed(connection: Http1Connection): void;
}

/** A body up to this size leaves in one buffer with the head: copying so little is cheaper than a second piece to write. */
const joinedBytesMax = 1024;

export class Http1Connection implements ExchangeHolder, ResponseSink {
  /** While it is free: when it is no longer to be used. */
  usableUntilMs = 0;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #parser: ResponseParser;
  #exchange: Exchange | null = null;
  /** Bytes of the request of `#exchange` have been written. */
  #sent = false;
  /** Bytes of its answer have come. */
  #answering = false;
  #isReused = false;
  #body: StreamedBody | null = null;
  /** Received, but held back by a pause. */
  #rest: Buffer | null = null;
  /** The end of the connection is held back as well. */
  #endHeld = false;
  #reading = false;

  constructor(socket: Socket, owner: ConnectionOwner, headBytesMax: number) {
    this.#socket = socket;
    this.#owner = owner;
    this.#parser = new ResponseParser(this, headBytesMax);
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    socket.on("end", () => this.#ended());
    socket.on("error", (error) => this.#lose(error));
    socket.on("drain", () => this.#body?.drained());
    socket.on("close", () => this.#closed());
  }

  /** Neither closed nor about to be. */
  get isOpen(): boolean {
    return this.#socket.writable;
  }

  /** Gives the connection to `exchange`; `start` sends it. */
  reserve(exchange: Exchange): void {
    this.#exchange = exchange;
    exchange.holder = this;
  }

  /** Sends the exchange that it is reserved for; nothing happens when that has left, or has been sent. */
  start(): void {
    const exchange = this.#exchange;
    if (exchange === null || this.#sent) return;
    this.#parser.expect(exchange.isHeadRequest);
    if (!exchange.started) {
      exchange.started = true;
      try {
        exchange.handler.onStart(exchange);
      } catch (error) {
        return this.#handlerFailed(error);
      }
      // It was aborted there, and the connection is free or somebody else's.
      if (this.#exchange !== exchange) return;
    }
    this.#sent = true;
    if (exchange.paused) this.pauseExchange();
    this.#write(exchange);
  }

  /** Closes the connection; an exchange on it fails with `error`, or ends unheard when that is null. */
  destroy(error: Error | null): void {
    const exchange = this.#detach();
    this.#socket.destroy();
    if (error !== null) exchange?.fail(error);
  }

  abandon(): void {
    if (this.#sent) {
      this.destroy(null);
    } else {
      this.#detach();
      this.#owner.unused(this);
    }
  }

  pauseExchange(): void {
    if (!this.#sent) return;
    this.#parser.paused = true;
    if (!this.#reading) this.#socket.pause();
  }

  resumeExchange(): void {
    if (!this.#sent) return;
    this.#parser.paused = false;
    if (this.#reading) return;
    const rest = this.#rest;
    this.#rest = null;
    if (rest !== null) this.#read(rest);
    if (this.#parser.paused) return;
    if (this.#endHeld) this.#ended();
    else this.#socket.resume();
  }

  onAnswerHead(status: number, headers: string[]): void {
    try {
      this.#exchange?.handler.onHead(status, headers);
    } catch (error) {
      this.#handlerFailed(error);
    }
  }

  onAnswerData(chunk: Buffer): void {
    try {
      this.#exchange?.handler.onData(chunk);
    } catch (error) {
      this.#handlerFailed(error);
    }
  }

  #write(exchange: Exchange): void {
    const { head, body } = exchange;
    const socket = this.#socket;
    if (body === null) {
      socket.write(head.text, "latin1");
    } else if (Buffer.isBuffer(body) && body.length <= joinedBytesMax) {
      const joined = Buffer.allocUnsafe(head.text.length + body.length);
      body.copy(joined, joined.write(head.text, "latin1"));
      socket.write(joined);
    } else {
      socket.cork();
      socket.write(head.text, "latin1");
      if (Buffer.isBuffer(body)) socket.write(body);
      else if (Array.isArray(body)) for (const part of body as readonly Buffer[]) socket.write(part);
      else this.#body = new StreamedBody(socket, body as Readable, head.bodyBytes, (error) => this.destroy(error));
      socket.uncork();
    }
  }

  #received(chunk: Buffer): void {
    if (!this.#sent) return this.#lose(invalidAnswer("bytes that nobody asked for"));
    this.#answering = true;
    // A TLS socket gives what it has decrypted already, paused or not.
    if (this.#parser.paused) this.#rest = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    else this.#read(chunk);
  }

  #read(chunk: Buffer): void {
    const exchange = this.#exchange;
    let used = 0;
    this.#reading = true;
    try {
      used = this.#parser.read(chunk);
    } catch (error) {
      this.#reading = false;
      return this.destroy(error as Error);
    }
    this.#reading = false;
    if (this.#exchange !== exchange) return;
    if (this.#parser.paused) {
      this.#rest = chunk.subarray(used);
      this.#socket.pause();
    } else if (this.#parser.isDone) {
      this.#complete(used === chunk.length);
    }
  }

  #complete(isClean: boolean): void {
    const parser = this.#parser;
    const isSent = this.#body === null || this.#body.isComplete;
    const isKept = isClean && isSent && parser.keepAlive && !this.#endHeld && this.#socket.writable;
    const exchange = this.#detach() as Exchange;
    if (!isKept || exchange.head.closes) this.#socket.destroy();
    else if (this.#socket.writableLength === 0) this.#served();
    // A TLS socket says only now that all was written; it may also be an answer that did not wait for the whole request.
    else setImmediate(() => (this.#socket.writableLength === 0 ? this.#served() : this.#socket.destroy()));
    exchange.end();
  }

  #served(): void {
    if (!this.#socket.writable) return;
    this.#isReused = true;
    this.#owner.served(this, this.#parser.keepAliveTimeoutMs);
  }

  /** The endpoint sends no more. */
  #ended(): void {
    if (this.#sent && this.#parser.paused) {
      this.#endHeld = true;
    } else if (this.#sent && this.#parser.endsAtClose) {
      this.#complete(false);
    } else {
      this.#lose(closedByEndpoint());
    }
  }

  #closed(): void {
    // What has arrived is still to be delivered; the connection counts until then.
    if (this.#endHeld) return;
    this.#lose(closedByEndpoint());
    this.#owner.closed(this);
  }

  /** The connection is gone without an answer, or in the middle of one. */
  #lose(error: Error): void {
    const isUntouched = !this.#sent;
    const isStale = this.#isReused && !this.#answering;
    const exchange = this.#detach();
    this.#socket.destroy();
    if (exchange === null) return;
    if (isUntouched) {
      this.#owner.restart(exchange, false);
    } else if (isStale && exchange.mayRepeat) {
      exchange.mayRepeat = false;
      this.#owner.restart(exchange, true);
    } else {
      exchange.fail(error);
    }
  }

  #handlerFailed(error: unknown): void {
    this.#exchange?.release();
    this.destroy(null);
    throwLater(error);
  }

  #detach(): Exchange | null {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#sent = false;
    this.#answering = false;
    this.#rest = null;
    this.#parser.stop();
    if (this.#body !== null) {
      this.#body.stop();
      this.#body = null;
    }
    if (this.#endHeld) {
      this.#endHeld = false;
      if (this.#socket.closed) this.#owner.closed(this);
    }
    return exchange;
  }
}

function closedByEndpoint(): UpstreamProtocolError {
  return new UpstreamProtocolError("HEADGATE_UPSTREAM_CLOSED", "the endpoint closed the connection");
}
