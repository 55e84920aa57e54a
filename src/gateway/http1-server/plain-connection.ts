// A caller's connection that has brought nothing but plain model calls so far. With the first other thing it becomes node:http's.
import type { Socket } from "node:net";
import { readPlainHead } from "./plain-head.ts";
import { PlainReply } from "./plain-reply.ts";
import { PlainRequest } from "./plain-request.ts";

/** When a request may begin. */
export interface Turns {
  /** True: now. */
  take(): boolean;
  /** Later. */
  wait(start: (waitedMs: number) => boolean): void;
}

/** The listener, as its connections see it. */
export interface PlainConnectionOwner {
  /** What keeps a connection, as lines of an answer's head. */
  readonly keepAliveLines: string;
  /** False: the request is for somebody else. */
  takes(req: PlainRequest): boolean;
  /** In whose turns requests are read. */
  readonly turns: Turns;
  /** Runs a request of which at least the head has come. False: no call has begun. */
  handle(req: PlainRequest, res: PlainReply, waitedMs: number): boolean;
  /** `bytes` are not plain: from them on, the connection is node:http's. */
  handOver(connection: PlainConnection, bytes: Buffer): void;
  /** The request under way can't be read to its end, or not in time. */
  broken(error: NodeJS.ErrnoException, socket: Socket): void;
  closed(connection: PlainConnection): void;
}

/** So much may wait behind the request under way. */
const restBytesMax = 64 * 1024;
const firstByteOfPost = "P".charCodeAt(0);

export class PlainConnection {
  readonly socket: Socket;
  /** Of monotonic time: since when it waits for what it waits for. */
  sinceMs: number;
  /** It has brought a request. */
  isUsed = false;
  readonly #owner: PlainConnectionOwner;
  #req: PlainRequest | null = null;
  #res: PlainReply | null = null;
  #isAnswered = false;
  /** What has come of a request that waits for its turn. */
  #waiting: Buffer | null = null;
  /** What has come behind the request under way. */
  #rest: Buffer | null = null;

  constructor(socket: Socket, owner: PlainConnectionOwner) {
    this.socket = socket;
    this.#owner = owner;
    this.sinceMs = performance.now();
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("error", this.#onError);
    socket.on("drain", this.#onDrain);
    socket.on("close", this.#onClose);
  }

  /** What it waits for from its caller: a (first) request, the rest of one, or nothing. */
  get awaits(): "first" | "next" | "body" | null {
    if (this.#waiting !== null) return null;
    if (this.#req === null) return this.isUsed ? "next" : "first";
    return this.#req.complete ? null : "body";
  }

  /** Leaves the socket to somebody else. */
  release(): void {
    this.socket.off("data", this.#onData);
    this.socket.off("end", this.#onEnd);
    this.socket.off("error", this.#onError);
    this.socket.off("drain", this.#onDrain);
    this.socket.off("close", this.#onClose);
  }

  readonly #onData = (chunk: Buffer): void => {
    const req = this.#req;
    if (req === null) return this.#arrive(chunk);
    if (req.complete) return this.#keep(chunk);
    const { bytesLeft } = req;
    if (chunk.length > bytesLeft) this.#keep(chunk.subarray(bytesLeft));
    req.push(chunk.length > bytesLeft ? chunk.subarray(0, bytesLeft) : chunk);
    // Its answer did not wait for all of it.
    if (req.complete && this.#isAnswered) this.#over(req);
  };

  /** A call is not read before its turn, and nothing more is taken from its caller. Whatever can be no plain call (a probe, a page) has no turn to wait for. */
  #arrive(chunk: Buffer): void {
    if (chunk[0] !== firstByteOfPost || this.#owner.turns.take()) {
      this.#begin(chunk, 0);
      return;
    }
    this.#waiting = chunk;
    this.socket.pause();
    this.#owner.turns.wait((waitedMs) => this.#beginWaiting(waitedMs));
  }

  #beginWaiting(waitedMs: number): boolean {
    const bytes = this.#waiting;
    // Its caller is gone.
    if (bytes === null) return false;
    this.#waiting = null;
    this.socket.resume();
    return this.#begin(bytes, waitedMs);
  }

  /** False: no call has begun here. */
  #begin(bytes: Buffer, waitedMs: number): boolean {
    const head = readPlainHead(bytes);
    if (head === null) return this.#handOver(bytes);
    const bodyEnd = head.bytes + head.contentLength;
    // Calls that come behind it without waiting for its answer begin before that, which is node:http's to see to.
    if (bytes.length > bodyEnd) return this.#handOver(bytes);
    const isWhole = bytes.length === bodyEnd;
    const req = new PlainRequest(head, this.socket, isWhole ? bytes.subarray(head.bytes, bodyEnd) : null);
    if (!this.#owner.takes(req)) return this.#handOver(bytes);
    const res = new PlainReply(this.socket, head.keepAlive, this.#owner.keepAliveLines, this.#onFinished);
    this.isUsed = true;
    this.#req = req;
    this.#res = res;
    this.#isAnswered = false;
    if (!isWhole) this.sinceMs = performance.now();
    if (!isWhole && bytes.length > head.bytes) req.push(bytes.subarray(head.bytes));
    return this.#owner.handle(req, res, waitedMs);
  }

  #handOver(bytes: Buffer): false {
    this.#owner.handOver(this, bytes);
    return false;
  }

  #keep(chunk: Buffer): void {
    this.#rest = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    if (this.#rest.length > restBytesMax) this.socket.pause();
  }

  readonly #onFinished = (): void => {
    const [req, res] = [this.#req, this.#res];
    if (req === null || res === null || this.socket.destroyed) return;
    this.#isAnswered = true;
    res.finished();
    if (res.closes) return void this.socket.destroySoon();
    if (req.complete) this.#over(req);
    else req.dump();
  };

  #over(req: PlainRequest): void {
    this.#req = null;
    this.#res = null;
    this.sinceMs = performance.now();
    req.close();
    const rest = this.#rest;
    if (rest === null) return;
    this.#rest = null;
    // Its caller has ended the connection, or it is to end with this answer: nothing behind it can be answered.
    if (this.socket.readableEnded || !this.socket.writable) return;
    this.#owner.handOver(this, rest);
  }

  readonly #onEnd = (): void => {
    if (this.#req !== null && !this.#req.complete) {
      const error = new Error("the body ended early") as NodeJS.ErrnoException;
      error.code = "HPE_INVALID_EOF_STATE";
      return this.#owner.broken(error, this.socket);
    }
    // Nobody waits for an answer any more: with this, both sides have ended, and the socket closes.
    this.socket.end();
  };

  readonly #onError = (): void => void this.socket.destroy();

  readonly #onDrain = (): void => this.#res?.drained();

  readonly #onClose = (): void => {
    this.#waiting = null;
    this.#req?.close();
    this.#res?.close();
    this.#owner.closed(this);
  };
}
