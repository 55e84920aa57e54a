// Undoes the framing of one HTTP/1.1 body (RFC 9112 section 6): by chunks, by length, or until the connection closes.
import { rawHeaders } from "./raw-headers.ts";
import type { RawResponse } from "./raw-response.ts";

/** Takes one body out of the bytes after a head; `finished` says when. */
export class RawBodyParser {
  finished = false;
  readonly untilClose: boolean;
  readonly #response: RawResponse;
  readonly #chunked: boolean;
  /** Bytes left of the body, or of the current chunk. */
  #left = 0;
  #state: "size" | "data" | "data_end" | "trailers" = "size";

  constructor(response: RawResponse, method: string) {
    const { headers, status } = response;
    const bodyless = method === "HEAD" || status === 204 || status === 304;
    const length = headers["content-length"];
    this.#response = response;
    this.#chunked = !bodyless && /\bchunked\b/i.test(headers["transfer-encoding"] ?? "");
    this.untilClose = !bodyless && !this.#chunked && length === undefined;
    if (!this.#chunked && !this.untilClose) {
      this.#left = bodyless ? 0 : Number(length);
      this.finished = this.#left === 0;
    }
  }

  /** Consumes what belongs to the body and returns the rest. */
  push(input: Buffer): Buffer {
    if (this.finished) return input;
    if (this.untilClose) {
      this.#data(input);
      return input.subarray(input.length);
    }
    if (this.#chunked) return this.#pushChunked(input);
    const taken = Math.min(this.#left, input.length);
    this.#data(input.subarray(0, taken));
    this.#left -= taken;
    this.finished = this.#left === 0;
    return input.subarray(taken);
  }

  #pushChunked(input: Buffer): Buffer {
    let rest = input;
    for (;;) {
      if (this.#state === "data") {
        const taken = Math.min(this.#left, rest.length);
        this.#data(rest.subarray(0, taken));
        rest = rest.subarray(taken);
        this.#left -= taken;
        if (this.#left > 0) return rest;
        this.#state = "data_end";
      }
      const end = rest.indexOf("\r\n");
      if (end === -1) return rest;
      const line = rest.subarray(0, end).toString("latin1");
      rest = rest.subarray(end + 2);
      if (this.#state === "data_end") {
        if (line !== "") throw new Error(`a chunk is longer than it said: ${line}`);
        this.#state = "size";
      } else if (this.#state === "size") {
        this.#left = Number.parseInt(line, 16);
        if (Number.isNaN(this.#left)) throw new Error(`not a chunk size: ${line}`);
        this.#state = this.#left === 0 ? "trailers" : "data";
      } else if (line === "") {
        this.finished = true;
        return rest;
      } else {
        this.#response.rawTrailers.push(...rawHeaders([line]));
      }
    }
  }

  #data(data: Buffer): void {
    if (data.length > 0) this.#response.chunks.push({ data, at: Date.now() });
  }
}
