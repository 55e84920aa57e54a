// A provider for thousands of calls and hundreds of streams at a time: it answers as told and keeps figures alone. What real
// providers say, and every way to fail a single call, is the scriptable one's business (provider.ts).
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { listenOnOwnPort } from "./own-port.ts";

export interface CallAnswer {
  /** Default 200, with a chat completion. */
  status?: number;
  /** Default: a chat completion, or an error that names the provider. */
  body?: string;
  headers?: Record<string, string>;
  /** Before the answer. Default 0. */
  delayMs?: number;
  /** Accepted and never answered. */
  hangs?: boolean;
}

/** Streams run at one pace. */
export interface StreamPace {
  words: number;
  everyMs: number;
}

interface RunningStream {
  response: ServerResponse;
  wordsLeft: number;
  anthropic: boolean;
}

const completion = JSON.stringify({
  id: "chatcmpl-counted",
  object: "chat.completion",
  created: 1,
  model: "counted",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello." }, finish_reason: "stop" }],
  usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
});

const event = (name: string | null, data: unknown) =>
  `${name === null ? "" : `event: ${name}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

const chatChunk = (delta: object, finishReason: string | null) =>
  event(null, { id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: finishReason }] });

const chatStream = {
  begin: chatChunk({ role: "assistant", content: "" }, null),
  word: chatChunk({ content: "word " }, null),
  end: chatChunk({}, "stop") + event(null, "[DONE]"),
};

const message = { id: "msg_1", type: "message", role: "assistant", content: [], usage: { input_tokens: 5, output_tokens: 1 } };
const anthropicStream = {
  begin: event("message_start", { type: "message_start", message }),
  word: event("content_block_delta", { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "word " } }),
  end:
    event("message_delta", { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } }) +
    event("message_stop", { type: "message_stop" }),
};

export class CountingProvider {
  readonly port: number;
  /** `http://127.0.0.1:port/v1`. */
  readonly baseUrl: string;
  /** How every call is answered, until told otherwise; a function gets the number of the call, the first is 1. */
  answer: CallAnswer | ((call: number) => CallAnswer) = {};
  /** The ids it lists. */
  models = ["m"];
  pace: StreamPace = { words: 10, everyMs: 50 };
  /** Arrival of every call, ms since the epoch. */
  calledAt: number[] = [];
  /** Calls by the upstream model that they name. */
  byModel = new Map<string, number>();
  /** In all streams together. */
  wordsSent = 0;
  /** When streams were left by their callers before their end, ms since the epoch; by the `user` that their bodies name. */
  leftAt = new Map<string, number>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #streams = new Set<RunningStream>();
  #ticks: NodeJS.Timeout | null = null;

  constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    this.baseUrl = `http://127.0.0.1:${port}/v1`;
    server.on("request", (request, response) => this.#handle(request, response));
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  get calls(): number {
    return this.calledAt.length;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Three more words, and the ends of all streams. */
  finishStreams(): void {
    for (const running of this.#streams) running.wordsLeft = 3;
  }

  /** Forgets what was counted. */
  forget(): void {
    this.calledAt = [];
    this.byModel = new Map();
    this.leftAt = new Map();
    this.wordsSent = 0;
  }

  /** Cuts every connection and refuses new ones, as a provider that was killed. `start()` brings it back. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#ticks !== null) clearInterval(this.#ticks);
    this.#ticks = null;
    await closed;
  }

  async start(): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on("error", () => {});
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (request.method === "GET") {
        const { hangs = false, status = 200 } = this.#answerNow();
        if (hangs) return;
        const data = this.models.map((id) => ({ id, object: "model" }));
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ object: "list", data }));
        return;
      }
      this.calledAt.push(Date.now());
      const { model = "", stream = false, user = `call ${this.calls}` } = JSON.parse(Buffer.concat(chunks).toString());
      this.byModel.set(model, (this.byModel.get(model) ?? 0) + 1);
      const given = this.#answerNow();
      const { hangs = false, delayMs = 0, status = 200 } = given;
      if (hangs) return;
      const answer = () => {
        if (stream === true && status === 200) this.#stream(response, user, request.url?.endsWith("/messages") === true);
        else this.#plain(response, given);
      };
      if (delayMs > 0) setTimeout(answer, delayMs);
      else answer();
    });
  }

  #answerNow(): CallAnswer {
    return typeof this.answer === "function" ? this.answer(this.calls) : this.answer;
  }

  #plain(response: ServerResponse, { status = 200, headers = {}, body: own }: CallAnswer): void {
    const message = `The provider at port ${this.port} answers ${status}.`;
    const error = { message, type: "server_error", param: null, code: null };
    const body = own ?? (status === 200 ? completion : JSON.stringify({ error }));
    response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...headers });
    response.end(body);
  }

  #stream(response: ServerResponse, user: string, anthropic: boolean): void {
    const running: RunningStream = { response, wordsLeft: this.pace.words, anthropic };
    response.on("close", () => {
      if (this.#streams.delete(running)) this.leftAt.set(user, Date.now());
    });
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write((anthropic ? anthropicStream : chatStream).begin);
    this.#streams.add(running);
    this.#ticks ??= setInterval(() => this.#tick(), this.pace.everyMs);
  }

  /** One timer for all streams: hundreds cost little. */
  #tick(): void {
    for (const running of this.#streams) {
      const { response, anthropic } = running;
      const texts = anthropic ? anthropicStream : chatStream;
      if (running.wordsLeft-- > 0) {
        response.write(texts.word);
        this.wordsSent++;
        continue;
      }
      this.#streams.delete(running);
      response.end(texts.end);
    }
    if (this.#streams.size > 0 || this.#ticks === null) return;
    clearInterval(this.#ticks);
    this.#ticks = null;
  }
}

/** On a free port of 127.0.0.1. */
export async function startCountingProvider(answer: CountingProvider["answer"] = {}): Promise<CountingProvider> {
  const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 60_000, noDelay: true });
  const provider = new CountingProvider(server, await listenOnOwnPort(server));
  provider.answer = answer;
  return provider;
}
