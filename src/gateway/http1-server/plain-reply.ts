// The answer that a plain connection takes back: each piece leaves in one write, a small body together with the head.
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { CallerReply } from "../caller-reply.ts";
import { replyHead } from "./reply-head.ts";

/** Larger pieces are not copied to be sent in one write with what frames them. */
const joinedBytesMax = 4096;

const lastChunk = "0\r\n\r\n";

export class PlainReply implements CallerReply {
  shouldKeepAlive: boolean;
  writableFinished = false;
  destroyed = false;
  chunkedEncoding = false;
  /** The connection ends with it. */
  closes = false;
  readonly #socket: Socket;
  readonly #keepAliveLines: string;
  readonly #onFinished: () => void;
  #events: EventEmitter | null = null;
  /** Of the head, until it leaves with the first piece of the body. */
  #head: string | null = null;
  #hasHead = false;
  #hasBody = true;
  #hasEnded = false;

  /** `onFinished`: all of it is with the operating system. `keepAliveLines`: as `replyHead` takes them. */
  constructor(socket: Socket, shouldKeepAlive: boolean, keepAliveLines: string, onFinished: () => void) {
    this.#socket = socket;
    this.shouldKeepAlive = shouldKeepAlive;
    this.#keepAliveLines = keepAliveLines;
    this.#onFinished = onFinished;
  }

  get headersSent(): boolean {
    return this.#hasHead;
  }

  get socket(): Socket | null {
    return this.writableFinished ? null : this.#socket;
  }

  getHeader(_name: string): undefined {
    return undefined;
  }

  writeHead(status: number, headers: readonly string[] = []): this {
    if (this.#hasHead) throw new Error("the answer has begun");
    const head = replyHead(status, headers, this.shouldKeepAlive, this.#keepAliveLines);
    this.#hasHead = true;
    this.#head = head.text;
    this.#hasBody = head.hasBody;
    this.chunkedEncoding = head.isChunked;
    this.closes = head.closes;
    return this;
  }

  write(chunk: Buffer | string): boolean {
    const piece = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    if (this.#hasEnded || this.destroyed || !this.#hasBody || piece.length === 0) return true;
    return this.#send(piece, false);
  }

  end(chunk: Buffer | string = "", encoding: "utf8" | "latin1" = "utf8"): this {
    if (this.#hasEnded || this.destroyed) return this;
    if (!this.#hasHead) this.writeHead(200, []);
    this.#hasEnded = true;
    if (chunk.length === 0 || !this.#hasBody) this.#sendText(this.chunkedEncoding ? lastChunk : "");
    else if (typeof chunk !== "string") this.#send(chunk, true);
    else if (encoding === "latin1" && !this.chunkedEncoding) this.#sendText(chunk);
    else this.#send(Buffer.from(chunk, encoding), true);
    // It has been ended already: what is left of the answer goes nowhere, and the connection closes.
    if (!this.#socket.writable) return this;
    // Most answers are with the operating system by now.
    if (this.#socket.writableLength === 0) this.#finish();
    else this.#socket.write("", this.#written);
    return this;
  }

  writeContinue(): void {}

  destroy(): this {
    // Once all of it is out, the connection is the next answer's.
    if (this.destroyed || this.writableFinished) return this;
    this.#socket.destroy();
    this.close();
    return this;
  }

  once(event: "drain" | "finish" | "close", listener: () => void): this {
    this.#events ??= new EventEmitter();
    this.#events.once(event, listener);
    return this;
  }

  /** There is room for more of it. */
  drained(): void {
    this.#events?.emit("drain");
  }

  /** Nothing more of it will be sent. */
  close(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#events?.emit("close");
  }

  readonly #written = (error?: Error | null): void => {
    if (error == null) this.#finish();
  };

  #finish(): void {
    this.writableFinished = true;
    process.nextTick(this.#onFinished);
  }

  /** For the connection alone, after `onFinished`. */
  finished(): void {
    this.#events?.emit("finish");
    this.close();
  }

  #send(piece: Buffer, isLast: boolean): boolean {
    if (piece.length > joinedBytesMax) return this.#sendApart(piece, isLast);
    const text = piece.toString("latin1");
    if (!this.chunkedEncoding) return this.#sendText(text);
    return this.#sendText(`${piece.length.toString(16)}\r\n${text}\r\n${isLast ? lastChunk : ""}`);
  }

  #sendApart(piece: Buffer, isLast: boolean): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true;
    const before = `${this.#head ?? ""}${this.chunkedEncoding ? `${piece.length.toString(16)}\r\n` : ""}`;
    this.#head = null;
    socket.cork();
    if (before !== "") socket.write(before, "latin1");
    let hasRoom = socket.write(piece);
    if (this.chunkedEncoding) hasRoom = socket.write(isLast ? `\r\n${lastChunk}` : "\r\n", "latin1");
    socket.uncork();
    return hasRoom;
  }

  #sendText(text: string): boolean {
    const all = this.#head === null ? text : this.#head + text;
    this.#head = null;
    // A caller who ended the connection reads nothing any more.
    return all === "" || !this.#socket.writable || this.#socket.write(all, "latin1");
  }
}
