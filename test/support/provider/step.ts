// The smallest things a scripted provider can do on a connection, and the player that does them in order.
import type { ServerResponse } from "node:http";
import type { Framing, HeaderValues } from "./answer.ts";
import type { RecordedRequest } from "./recorded-request.ts";

export type Step =
  /** Status line and headers, flushed at once. `lengthBytes` is sent as content-length when `framing` is "length". */
  | { head: { status: number; headers: HeaderValues; framing: Framing; lengthBytes: number } }
  | { write: Buffer }
  | { repeat: Buffer; times: number }
  /** Written every so often until the client leaves. */
  | { forever: Buffer; everyMs: number }
  | { waitMs: number }
  /** Until the test says so, or the client leaves. */
  | { until: Promise<unknown> }
  /** Until the client leaves or the provider stops. */
  | { hang: true }
  | { reset: "rst" | "fin" }
  | { end: true };

/** Plays `steps` in order; returns when they are done or the connection is gone, whichever is first. */
export async function play(steps: readonly Step[], request: RecordedRequest, response: ServerResponse): Promise<void> {
  const player = new Player(request, response);
  for (const step of steps) {
    if (player.gone) return;
    await player.play(step);
  }
}

class Player {
  readonly #request: RecordedRequest;
  readonly #response: ServerResponse;
  /** Resolves when the exchange is over, so that no step outlives it. */
  readonly #over: Promise<unknown>;

  constructor(request: RecordedRequest, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    this.#over = request.finished;
  }

  get gone(): boolean {
    return this.#response.destroyed || this.#request.outcome !== null;
  }

  async play(step: Step): Promise<void> {
    if ("head" in step) this.#head(step.head);
    else if ("write" in step) await this.#write(step.write);
    else if ("repeat" in step) await this.#repeat(step.repeat, step.times);
    else if ("forever" in step) await this.#forever(step.forever, step.everyMs);
    else if ("waitMs" in step) await this.#wait(step.waitMs);
    else if ("until" in step) await Promise.race([step.until, this.#over]);
    else if ("hang" in step) await this.#over;
    else if ("reset" in step) await this.#reset(step.reset);
    else this.#response.end();
  }

  #head(head: Extract<Step, { head: unknown }>["head"]): void {
    const { status, headers, framing, lengthBytes } = head;
    if (framing === "close") {
      this.#response.useChunkedEncodingByDefault = false;
      this.#response.setHeader("connection", "close");
    }
    for (const [name, value] of Object.entries(headers)) this.#response.setHeader(name, value);
    const bodyless = status === 204 || status === 304;
    if (framing === "length" && !bodyless && !this.#response.hasHeader("content-length")) {
      this.#response.setHeader("content-length", lengthBytes);
    }
    this.#response.writeHead(status);
    this.#response.flushHeaders();
  }

  /** Resolves when the kernel has the chunk, so that the next one is a write of its own. */
  async #write(chunk: Buffer): Promise<void> {
    if (chunk.length === 0) return;
    const taken = new Promise<void>((resolve) => {
      this.#response.write(chunk, () => resolve());
    });
    await Promise.race([taken, this.#over]);
    if (this.gone) return;
    this.#request.bytesWritten += chunk.length;
    await new Promise((resolve) => setImmediate(resolve));
  }

  async #repeat(chunk: Buffer, times: number): Promise<void> {
    for (let left = times; left > 0 && !this.gone; left--) await this.#write(chunk);
  }

  async #forever(chunk: Buffer, everyMs: number): Promise<void> {
    while (!this.gone) {
      await this.#write(chunk);
      await this.#wait(everyMs);
    }
  }

  async #wait(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([waited, this.#over]);
    clearTimeout(timer);
  }

  async #reset(how: "rst" | "fin"): Promise<void> {
    this.#request.markCut();
    const { socket } = this.#response;
    if (how === "rst") socket?.resetAndDestroy();
    else socket?.destroy();
    await this.#over;
  }
}
