// A model call as a plain connection brings it. Its body is handed on as it comes, or all at once when it came with the head.
import { EventEmitter } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import type { CallerRequest } from "../caller-request.ts";
import type { PlainHead } from "./plain-head.ts";

/** So much of a body waits for its reader before the caller is slowed down. */
const waitingBytesMax = 64 * 1024;

export class PlainRequest implements CallerRequest {
  readonly method = "POST";
  readonly url: string;
  readonly rawHeaders: string[];
  readonly headers: IncomingHttpHeaders;
  readonly socket: Socket;
  wholeBody: Buffer | null;
  destroyed = false;
  #bytesLeft: number;
  #events: EventEmitter | null = null;
  /** What has come while nobody read. */
  #waiting: Buffer[] | null = null;
  #waitingBytes = 0;
  /** Null: nobody has asked for it yet. */
  #isFlowing: boolean | null = null;
  #isFlowDue = false;
  #hasEnded = false;
  /** The rest of the body is of no use to anybody. */
  #isDumped = false;

  /** `wholeBody` null: it is still to come, as is at least one byte of it. */
  constructor(head: PlainHead, socket: Socket, wholeBody: Buffer | null) {
    this.url = head.url;
    this.rawHeaders = head.rawHeaders;
    this.headers = head.headers;
    this.socket = socket;
    this.wholeBody = wholeBody;
    this.#bytesLeft = wholeBody === null ? head.contentLength : 0;
  }

  get headersDistinct(): NodeJS.Dict<string[]> {
    const distinct: NodeJS.Dict<string[]> = Object.create(null);
    for (const [name, value] of Object.entries(this.headers)) distinct[name] = [value as string];
    return distinct;
  }

  get complete(): boolean {
    return this.#bytesLeft === 0;
  }

  /** How much of the body is still to come. */
  get bytesLeft(): number {
    return this.#bytesLeft;
  }

  on(event: "data", listener: (chunk: Buffer) => void): this {
    if (this.wholeBody !== null && this.wholeBody.length > 0 && !this.#hasEnded) this.#waiting ??= [this.wholeBody];
    this.#emitter().on(event, listener);
    if (this.#isFlowing !== false) this.resume();
    return this;
  }

  once(event: "end" | "close" | "error", listener: ((error: Error) => void) | (() => void)): this {
    this.#emitter().once(event, listener);
    return this;
  }

  off(event: "data", listener: (chunk: Buffer) => void): this {
    this.#events?.off(event, listener);
    return this;
  }

  pause(): this {
    this.#isFlowing = false;
    return this;
  }

  /** What waits comes after the code that runs now, as with any stream. */
  resume(): this {
    this.#isFlowing = true;
    if (this.#waiting === null && !this.complete) this.socket.resume();
    this.#flowSoon();
    return this;
  }

  /** A piece of the body, at most as long as what is left of it, has come. */
  push(chunk: Buffer): void {
    this.#bytesLeft -= chunk.length;
    if (this.#isDumped) return;
    if (this.#isFlowing === true && this.#waiting === null && !this.#isFlowDue) {
      this.#events?.emit("data", chunk);
      if (this.complete) this.#flowSoon();
      return;
    }
    this.#waiting ??= [];
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= waitingBytesMax && !this.complete) this.socket.pause();
  }

  /** The answer is out: what is left of the body is thrown away, unless somebody reads it. */
  dump(): void {
    if (this.#isFlowing !== null) return;
    this.#isDumped = true;
    this.#waiting = null;
    if (!this.complete) this.socket.resume();
  }

  /** Nothing more of it will come. */
  close(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    // The connection knows its last request for as long as it lives.
    this.wholeBody = null;
    this.#waiting = null;
    const events = this.#events;
    this.#events = null;
    if (events === null) return;
    if (!this.complete && events.listenerCount("error") > 0) events.emit("error", new Error("aborted"));
    events.emit("close");
  }

  #emitter(): EventEmitter {
    this.#events ??= new EventEmitter();
    return this.#events;
  }

  #flowSoon(): void {
    if (this.#isFlowDue) return;
    this.#isFlowDue = true;
    process.nextTick(flow, this);
  }

  /** For `flow` alone. */
  flow(): void {
    this.#isFlowDue = false;
    while (this.#isFlowing === true && this.#waiting !== null && !this.destroyed) {
      const chunk = this.#waiting.shift() as Buffer;
      this.#waitingBytes -= chunk.length;
      if (this.#waiting.length === 0) this.#waiting = null;
      this.#events?.emit("data", chunk);
    }
    if (this.#isFlowing !== true || this.#waiting !== null || this.destroyed) return;
    if (!this.complete) {
      this.socket.resume();
    } else if (!this.#hasEnded) {
      this.#hasEnded = true;
      this.#events?.emit("end");
    }
  }
}

function flow(request: PlainRequest): void {
  request.flow();
}
