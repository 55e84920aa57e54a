// Sends a request body as it comes, no faster than the endpoint takes it: by length, or chunked (RFC 9112 section 7.1).
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { UpstreamProtocolError } from "./upstream-protocol-error.ts";

export class StreamedBody {
  /** All of it has been given to the socket. */
  isComplete = false;
  readonly #socket: Socket;
  readonly #body: Readable;
  readonly #onFailure: (error: Error) => void;
  readonly #isChunked: boolean;
  #isOver = false;
  /** Of what content-length promised. */
  #bytesLeft: number;

  /** `bytes` null: chunked. `onFailure`: the body broke, or is not as long as `bytes`; nothing more is sent then. */
  constructor(socket: Socket, body: Readable, bytes: number | null, onFailure: (error: Error) => void) {
    this.#socket = socket;
    this.#body = body;
    this.#isChunked = bytes === null;
    this.#bytesLeft = bytes ?? 0;
    this.#onFailure = onFailure;
    if (body.readableEnded) {
      process.nextTick(this.#onEnd);
    } else if (body.destroyed) {
      process.nextTick(this.#onClose);
    } else {
      body.on("data", this.#onData).on("end", this.#onEnd).on("error", this.#onError).on("close", this.#onClose);
    }
  }

  /** The socket has room again. */
  drained(): void {
    this.#body.resume();
  }

  /** Leaves what is left of the body to its owner. */
  stop(): void {
    if (this.#isOver) return;
    this.#leave();
    this.#body.pause();
  }

  readonly #onData = (data: Buffer | string): void => {
    const chunk = typeof data === "string" ? Buffer.from(data) : data;
    if (chunk.length === 0) return;
    if (!this.#isChunked && chunk.length > this.#bytesLeft) {
      return this.#fail(incomplete("the request's body is longer than its content-length"));
    }
    this.#bytesLeft -= chunk.length;
    if (!this.#write(chunk)) this.#body.pause();
  };

  readonly #onEnd = (): void => {
    if (this.#isOver) return;
    if (!this.#isChunked && this.#bytesLeft !== 0) {
      return this.#fail(incomplete("the request's body is shorter than its content-length"));
    }
    this.#leave();
    this.isComplete = true;
    if (this.#isChunked) this.#socket.write("0\r\n\r\n", "latin1");
  };

  readonly #onError = (error: Error): void => this.#fail(error);

  readonly #onClose = (): void => this.#fail(incomplete("the request's body ended early"));

  #write(chunk: Buffer): boolean {
    if (!this.#isChunked) return this.#socket.write(chunk);
    this.#socket.cork();
    this.#socket.write(`${chunk.length.toString(16)}\r\n`, "latin1");
    this.#socket.write(chunk);
    const hasRoom = this.#socket.write("\r\n", "latin1");
    this.#socket.uncork();
    return hasRoom;
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    this.stop();
    this.#onFailure(error);
  }

  #leave(): void {
    this.#isOver = true;
    this.#body.off("data", this.#onData).off("end", this.#onEnd).off("error", this.#onError).off("close", this.#onClose);
  }
}

function incomplete(message: string): UpstreamProtocolError {
  return new UpstreamProtocolError("HEADGATE_UPSTREAM_BODY_INCOMPLETE", message);
}
