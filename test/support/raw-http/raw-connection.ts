// A TCP connection that sends exactly the bytes it is given and reads HTTP/1.1 answers piece by piece.
import type { Socket } from "node:net";
import { RawBodyParser } from "./raw-body-parser.ts";
import { joinedHeaders, rawHeaders } from "./raw-headers.ts";
import { RawResponse } from "./raw-response.ts";

/** One connection. Answers come in the order of the requests; interim (1xx) answers are skipped and counted. */
export class RawConnection {
  readonly socket: Socket;
  /** Interim answers (100 Continue …) seen so far. */
  readonly interimStatuses: number[] = [];
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  /** The error that ended the connection, if one did (ECONNRESET …). */
  error: Error | null = null;
  readonly #queue: { response: RawResponse; method: string }[] = [];
  #parser: RawBodyParser | null = null;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (data) => this.#received(data));
    socket.on("error", (error) => {
      this.error = error;
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#ended();
        resolve();
      });
    });
    socket.on("end", () => this.#ended());
  }

  /** Sends `bytes` as they are (text as UTF-8). */
  send(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  /** The next answer, once its head is there. `method`: of its request, as HEAD has no body. */
  async response({ method = "GET", timeoutMs = 10_000 } = {}): Promise<RawResponse> {
    const response = this.expect(method);
    await response.until(() => response.begun || response.ended !== null, timeoutMs, "the head of the answer");
    if (!response.begun) throw this.error ?? new Error("the connection ended before an answer");
    return response;
  }

  /** The next answer, not waited for. */
  expect(method = "GET"): RawResponse {
    const response = new RawResponse();
    this.#queue.push({ response, method });
    if (this.socket.destroyed) this.#ended();
    else this.#parse();
    return response;
  }

  /** Stops reading, so that the server meets backpressure; `resume` goes on. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Leaves at once, as a client that was killed. */
  async destroy(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  #received(data: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? data : Buffer.concat([this.#buffer, data]);
    this.#parse();
  }

  #parse(): void {
    for (;;) {
      const current = this.#queue[0];
      if (current === undefined) return;
      if (this.#parser === null && !this.#parseHead(current.response, current.method)) return;
      if (this.#parser !== null) {
        this.#buffer = this.#parser.push(this.#buffer);
        if (!this.#parser.finished) {
          current.response.changed();
          return;
        }
      }
      this.#finish("complete");
    }
  }

  /** False while the head is incomplete. Sets `#parser`. */
  #parseHead(response: RawResponse, method: string): boolean {
    const end = this.#buffer.indexOf("\r\n\r\n");
    if (end === -1) return false;
    const [statusLine = "", ...lines] = this.#buffer.subarray(0, end).toString("latin1").split("\r\n");
    this.#buffer = this.#buffer.subarray(end + 4);
    const match = /^HTTP\/(\d\.\d) (\d{3}) ?(.*)$/.exec(statusLine);
    if (match === null) throw new Error(`not a status line: ${statusLine}`);
    const status = Number(match[2]);
    if (status >= 100 && status < 200 && status !== 101) {
      this.interimStatuses.push(status);
      return this.#parseHead(response, method);
    }
    response.httpVersion = match[1] as string;
    response.status = status;
    response.statusText = match[3] as string;
    response.rawHeaders = rawHeaders(lines);
    response.headers = joinedHeaders(response.rawHeaders);
    response.headAt = Date.now();
    response.begun = true;
    this.#parser = new RawBodyParser(response, method);
    return true;
  }

  #ended(): void {
    if (this.#parser !== null) this.#finish(this.#parser.untilClose && this.error === null ? "complete" : "cut");
    while (this.#queue.length > 0) this.#finish("cut");
  }

  #finish(how: "complete" | "cut"): void {
    this.#parser = null;
    const current = this.#queue.shift();
    if (current === undefined) return;
    current.response.ended = how;
    current.response.changed();
  }
}
