// Questions that the control plane asks of other servers (manifests, identity providers): small answers, whole, within one time limit.
import type { Agent, Dispatcher } from "undici";
import { createConnector, type Resolve } from "./connector.ts";

export interface Question {
  method: "GET" | "POST";
  url: string;
  /** Lower-case names. */
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** For all of it: DNS to the last byte. */
  timeoutMs: number;
  /** A longer answer fails. */
  bytesMax: number;
  /** Gives the question up. */
  signal?: AbortSignal;
}

export interface Reply {
  status: number;
  /** Lower-case names; of one that came twice, the first. */
  headers: Readonly<Record<string, string>>;
  text: string;
}

export interface HttpClientOptions {
  /** True for servers that an administrator named. */
  allowPrivate: boolean;
  /** In place of the system's resolver; for tests. */
  resolve?: Resolve;
}

const connectTimeoutMs = 5000;
const connectionsMax = 256;

/** Keeps connections open between questions. Redirects are answers like any other: none is followed. */
export class HttpClient {
  readonly #options: HttpClientOptions;
  #agent: Promise<Agent> | null = null;
  #isClosed = false;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /** Rejects when no complete answer comes in time; `classifyFailure` says what went wrong, without hosts or credentials. */
  async ask({ method, url, headers = {}, body, timeoutMs, bytesMax, signal }: Question): Promise<Reply> {
    signal?.throwIfAborted();
    const controller = new AbortController();
    // undici notices a signal only once it is connected, so the wait is raced against it.
    const late = new Promise<never>((_resolve, reject) => {
      controller.signal.addEventListener("abort", () => reject(controller.signal.reason));
    });
    late.catch(() => {});
    const timer = setTimeout(() => controller.abort(new DOMException("time limit", "TimeoutError")), timeoutMs);
    const giveUp = () => controller.abort(new DOMException("given up", "AbortError"));
    signal?.addEventListener("abort", giveUp);
    const answer = this.#exchange(url, { method, headers, body: body ?? null, signal: controller.signal }, bytesMax);
    answer.catch(() => {}); // it may fail after the time limit has
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    }
  }

  async #exchange(url: string, options: Omit<Dispatcher.RequestOptions, "origin" | "path">, bytesMax: number): Promise<Reply> {
    const { origin, pathname, search } = new URL(url);
    this.#agent ??= this.#open();
    const agent = await this.#agent;
    const answer = await agent.request({ ...options, origin, path: pathname + search });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesMax) {
        answer.body.destroy();
        throw Object.assign(new Error("the answer is too large"), { code: "UND_ERR_RES_EXCEEDED_MAX_SIZE" });
      }
      chunks.push(chunk);
    }
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(answer.headers)) {
      const first = Array.isArray(value) ? value[0] : value;
      if (first !== undefined) headers[name] = first;
    }
    return { status: answer.statusCode, headers, text: new TextDecoder().decode(Buffer.concat(chunks)) };
  }

  /** Loads undici with the first question: a process that asks none is 5 MB smaller without. */
  async #open(): Promise<Agent> {
    if (this.#isClosed) throw Object.assign(new Error("the client is closed"), { code: "UND_ERR_DESTROYED" });
    const { allowPrivate, resolve } = this.#options;
    const { Agent } = await import("./undici-client.ts");
    return new Agent({
      connect: createConnector({ connectTimeoutMs, allowPrivate, ...(resolve && { resolve }) }),
      connections: connectionsMax,
      // The question's own limit covers everything.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const agent = await this.#agent?.catch(() => null);
    await agent?.destroy();
  }
}
