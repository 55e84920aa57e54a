// An HTTP answer as it arrives: when each piece came, and whether it ended properly or was cut.
import type { LooseJson } from "../loose-json.ts";

export interface RawChunk {
  data: Buffer;
  /** Arrival, ms since the epoch. */
  at: number;
}

/** An answer that may still be arriving; `done()` waits for its end. */
export class RawResponse {
  status = 0;
  statusText = "";
  httpVersion = "";
  /** Name, value, name, value … as received. */
  rawHeaders: string[] = [];
  /** Lower-case names; repeated ones joined with ", ". */
  headers: Record<string, string> = {};
  /** Trailers of a chunked body, like `rawHeaders`. */
  rawTrailers: string[] = [];
  /** The body without transfer framing, in the pieces in which it arrived. */
  readonly chunks: RawChunk[] = [];
  /** Arrival of the end of the head, ms since the epoch. */
  headAt = 0;
  /** Whether the head is there. */
  begun = false;
  /** "complete": a proper end by length, last chunk, or close where neither was announced. "cut": the connection ended before. */
  ended: "complete" | "cut" | null = null;
  /** For waiting; see `until`. */
  #waiting = new Set<() => void>();

  get body(): Buffer {
    return Buffer.concat(this.chunks.map(({ data }) => data));
  }

  get text(): string {
    return this.body.toString("utf8");
  }

  get json(): LooseJson {
    return JSON.parse(this.text);
  }

  /** Resolves when the answer is complete or cut. */
  async done(timeoutMs = 10_000): Promise<this> {
    await this.until(() => this.ended !== null, timeoutMs, "the end of the answer");
    return this;
  }

  /** Resolves when the body contains `text`. Rejects when the answer ends without it. */
  async untilBody(text: string, timeoutMs = 10_000): Promise<void> {
    const has = () => this.body.includes(text);
    await this.until(() => has() || this.ended !== null, timeoutMs, JSON.stringify(text));
    if (!has()) throw new Error(`the answer ended (${this.ended}) without ${JSON.stringify(text)}: ${this.text}`);
  }

  async until(holds: () => boolean, timeoutMs: number, what: string): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!holds()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`waited ${timeoutMs} ms for ${what}; got ${this.status} ${JSON.stringify(this.text)}`);
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, left);
        this.#waiting.add(wake);
      });
    }
  }

  /** For the parser: something has arrived. */
  changed(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
