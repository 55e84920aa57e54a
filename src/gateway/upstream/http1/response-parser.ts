// Finds the head, the body and the end of an answer in what a connection receives, cut anywhere (RFC 9112 section 6.3).
import { ChunkedBody } from "./chunked-body.ts";
import { PartialHead } from "./partial-head.ts";
import { ResponseHead } from "./response-head.ts";
import { invalidAnswer, UpstreamProtocolError } from "./upstream-protocol-error.ts";

/** Must not throw. May call `stop` and set `paused`. */
export interface ResponseSink {
  onAnswerHead(status: number, headers: string[]): void;
  onAnswerData(chunk: Buffer): void;
}

const headEnd = Buffer.from("\r\n\r\n");

const states = { head: 0, length: 1, chunked: 2, untilClose: 3, done: 4 } as const;

export class ResponseParser {
  /** Nothing more is read while this is set. */
  paused = false;
  readonly #sink: ResponseSink;
  readonly #headBytesMax: number;
  readonly #head = new ResponseHead();
  readonly #partial = new PartialHead();
  readonly #chunked: ChunkedBody;
  #state: number = states.done;
  #isHeadRequest = false;
  /** Of the heads of one answer, interim ones included. */
  #headBytes = 0;
  #bytesLeft = 0;
  #keepAlive = false;

  constructor(sink: ResponseSink, headBytesMax: number) {
    this.#sink = sink;
    this.#headBytesMax = headBytesMax;
    this.#chunked = new ChunkedBody(headBytesMax);
  }

  /** An answer is expected, to a HEAD request or to another. */
  expect(isHeadRequest: boolean): void {
    this.#state = states.head;
    this.#isHeadRequest = isHeadRequest;
    this.#headBytes = 0;
  }

  /** Nothing is expected any more. */
  stop(): void {
    this.#state = states.done;
    this.#partial.clear();
  }

  /** The answer is complete. */
  get isDone(): boolean {
    return this.#state === states.done;
  }

  /** The answer ends when the connection does. */
  get endsAtClose(): boolean {
    return this.#state === states.untilClose;
  }

  /** Whether the connection can be used again after the answer, and for how long if the endpoint said so. */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  get keepAliveTimeoutMs(): number | null {
    return this.#head.keepAliveTimeoutMs;
  }

  /** Reads on until the answer is done, reading is paused, or `chunk` ends; returns where. Throws UpstreamProtocolError. */
  read(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && !this.paused && this.#state !== states.done) {
      if (this.#state === states.head) at = this.#readHead(chunk, at);
      else if (this.#state === states.length) at = this.#readLength(chunk, at);
      else if (this.#state === states.chunked) at = this.#readChunked(chunk, at);
      else at = this.#deliver(chunk, at, chunk.length);
    }
    return at;
  }

  #readHead(chunk: Buffer, at: number): number {
    let text: string;
    let next: number;
    if (this.#partial.length === 0) {
      const end = chunk.indexOf(headEnd, at);
      if (end === -1) return this.#collectHead(chunk, at);
      text = chunk.toString("latin1", at, end + 2);
      next = end + 4;
    } else {
      const collected = this.#partial.length;
      const bytes = this.#partial.take(chunk, at, this.#headBytesMax - this.#headBytes);
      if (bytes === -1) return this.#headGoesOn(chunk.length);
      text = this.#partial.release(bytes - 2);
      next = at + bytes - collected;
    }
    this.#headBytes += text.length + 2;
    if (this.#headBytes > this.#headBytesMax) throw headTooLarge();
    this.#head.read(text);
    this.#begin();
    return next;
  }

  #collectHead(chunk: Buffer, at: number): number {
    this.#partial.take(chunk, at, this.#headBytesMax - this.#headBytes);
    return this.#headGoesOn(chunk.length);
  }

  #headGoesOn(next: number): number {
    if (this.#headBytes + this.#partial.length >= this.#headBytesMax) throw headTooLarge();
    return next;
  }

  /** Decides where the body ends. */
  #begin(): void {
    const head = this.#head;
    const { status, contentLength, transferCoding } = head;
    if (status === 101) throw invalidAnswer("a switch of protocols");
    // Whoever reads only one of the two sees another end of the body.
    if (contentLength !== null && transferCoding !== "none") throw invalidAnswer("content-length and transfer-encoding");
    if (status < 200) {
      if (!head.keepAlive) throw invalidAnswer("an interim answer as the last");
      return;
    }
    const mayHaveBody = !this.#isHeadRequest && status !== 204 && status !== 304;
    const saysBody = transferCoding !== "none" || (contentLength !== null && contentLength > 0);
    this.#keepAlive = head.keepAlive && (mayHaveBody || this.#isHeadRequest || !saysBody);
    if (!mayHaveBody || contentLength === 0) {
      this.#state = states.done;
    } else if (transferCoding === "chunked") {
      // HTTP/1.0 has no transfer codings: who sends one may be a relay that did not understand it.
      if (head.minorVersion === 0) this.#keepAlive = false;
      this.#chunked.begin();
      this.#state = states.chunked;
    } else if (contentLength !== null) {
      this.#bytesLeft = contentLength;
      this.#state = states.length;
    } else {
      this.#keepAlive = false;
      this.#state = states.untilClose;
    }
    this.#sink.onAnswerHead(status, head.headers);
  }

  #readLength(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#bytesLeft);
    this.#bytesLeft -= end - at;
    if (this.#bytesLeft === 0) this.#state = states.done;
    return this.#deliver(chunk, at, end);
  }

  #readChunked(chunk: Buffer, at: number): number {
    const dataBytes = this.#chunked.dataBytes;
    if (dataBytes > 0) {
      const end = Math.min(chunk.length, at + dataBytes);
      this.#chunked.tookData(end - at);
      return this.#deliver(chunk, at, end);
    }
    const next = this.#chunked.readFraming(chunk, at);
    if (this.#chunked.isDone) this.#state = states.done;
    return next;
  }

  #deliver(chunk: Buffer, at: number, end: number): number {
    this.#sink.onAnswerData(end - at === chunk.length ? chunk : chunk.subarray(at, end));
    return end;
  }
}

function headTooLarge(): UpstreamProtocolError {
  return new UpstreamProtocolError("HEADGATE_UPSTREAM_HEAD_TOO_LARGE", "the answer's head is too large");
}
