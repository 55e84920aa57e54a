// A scriptable model provider on a real socket: records every request byte for byte, answers as OpenAI, Anthropic, Azure
// and Gemini do, and misbehaves exactly as told.
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { listenOnOwnPort } from "./own-port.ts";
import type { Answer } from "./provider/answer.ts";
import type { Behaviour } from "./provider/behaviour.ts";
import { answerSteps, concerns, stepsOf } from "./provider/behaviour.ts";
import { RecordedRequest } from "./provider/recorded-request.ts";
import type { Match, WaitOptions } from "./provider/request-log.ts";
import { isCall, matches, RequestLog } from "./provider/request-log.ts";
import type { ProviderSettings } from "./provider/settings.ts";
import { defaultSettings } from "./provider/settings.ts";
import type { Step } from "./provider/step.ts";
import { play } from "./provider/step.ts";
import { usualAnswer } from "./provider/usual-answer.ts";

/** What a handler may give: an answer, a behaviour, bare steps, or undefined for the usual answer. */
export type Scripted = Answer | Behaviour | readonly Step[] | undefined;

export type Handler = (request: RecordedRequest, usual: () => Answer) => Scripted | Promise<Scripted>;

export interface NextOptions {
  /** How many requests get it; `Infinity` until `provider.reset()`. Default 1. */
  times?: number;
  /** Which requests; default every one that doesn't list models. */
  match?: Match;
  /** Answers as soon as the head is there, without waiting for the body. */
  early?: boolean;
}

interface Queued {
  behaviour: Behaviour;
  left: number;
  match: Match;
  early: boolean;
}

export class Provider {
  /** `http://127.0.0.1:port`, without a path; the APIs are below `/v1`. */
  readonly url: string;
  readonly port: number;
  /** How the usual answers look; change any field at any time. */
  readonly settings: ProviderSettings;
  /** TCP connections accepted so far. */
  connectionsAccepted = 0;
  readonly #initialSettings: () => ProviderSettings;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #log = new RequestLog();
  #queue: Queued[] = [];
  #handlers: { match: Match; handler: Handler }[] = [];

  constructor(server: Server, port: number, initialSettings: () => ProviderSettings) {
    this.#server = server;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#initialSettings = initialSettings;
    this.settings = initialSettings();
    server.on("request", (incoming, response) => void this.#handle(incoming, response));
    server.on("connection", (socket: Socket) => {
      this.connectionsAccepted++;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** The ids it lists: `provider.models.push("new-model")`. */
  get models(): string[] {
    return this.settings.models;
  }

  set models(ids: string[]) {
    this.settings.models = ids;
  }

  /** Every request in order of arrival, those still arriving included. */
  get requests(): RecordedRequest[] {
    return this.#log.requests;
  }

  /** The requests that are not model lists. */
  get calls(): RecordedRequest[] {
    return this.requests.filter(isCall);
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Answers matching requests with `handler`, until the function returned is called. The latest handler wins. */
  on(match: Match, handler: Handler): () => void {
    const entry = { match, handler };
    this.#handlers.unshift(entry);
    return () => {
      this.#handlers = this.#handlers.filter((other) => other !== entry);
    };
  }

  /** Queues `behaviour` for the next matching requests; before handlers, in order of queueing. */
  next(behaviour: Behaviour, { times = 1, match = isCall, early = false }: NextOptions = {}): void {
    this.#queue.push({ behaviour, left: times, match, early });
  }

  /** The oldest complete request not taken before (by default only calls, not model lists). Throws when there is none. */
  take(match: Match = isCall): RecordedRequest {
    return this.#log.take(match);
  }

  /** Like `take`, but waits for the request to arrive. */
  waitForRequest(options: WaitOptions = {}): Promise<RecordedRequest> {
    return this.#log.wait(options);
  }

  /** Forgets scripts and recorded requests, and takes the settings it was started with again; connections stay. */
  reset(): void {
    this.#queue = [];
    this.#handlers = [];
    this.#log.clear();
    Object.assign(this.settings, this.#initialSettings());
  }

  /** Ends every connection and refuses new ones, as an unreachable provider; `start()` brings it back on the same port. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async start(): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** For good; the same as `stop`, so that `await using` and `afterAll` read well. */
  async close(): Promise<void> {
    await this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = new RecordedRequest(this.requests.length + 1, incoming, response);
    this.#log.add(request);
    const early = this.#queued(request, true);
    if (early === undefined) await Promise.race([request.received, request.finished]);
    if (early === undefined && !request.complete) return;
    try {
      await play(await this.#steps(request, early), request, response);
    } catch (error) {
      // A broken script has to be seen in the test that wrote it.
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (response.headersSent) response.destroy();
      else response.writeHead(599, { "content-type": "text/plain" }).end(`the test's script failed: ${message}`);
    }
  }

  async #steps(request: RecordedRequest, early: Behaviour | undefined): Promise<readonly Step[]> {
    const usual = () => usualAnswer(request, this.settings);
    const queued = early ?? this.#queued(request, false);
    if (queued !== undefined) return stepsOf(queued, request, usual);
    const handler = this.#handlers.find((entry) => matches(entry.match, request))?.handler;
    const scripted = await handler?.(request, usual);
    if (scripted === undefined) return answerSteps(usual());
    if (isSteps(scripted)) return scripted;
    return "kind" in scripted ? stepsOf(scripted, request, usual) : answerSteps(scripted);
  }

  /** The first queued behaviour that is meant for `request`, used up by one. */
  #queued(request: RecordedRequest, early: boolean): Behaviour | undefined {
    const found = this.#queue.find((entry) => {
      return entry.early === early && matches(entry.match, request) && concerns(entry.behaviour, request);
    });
    if (found === undefined) return undefined;
    found.left--;
    if (found.left <= 0) this.#queue = this.#queue.filter((entry) => entry !== found);
    return found.behaviour;
  }
}

function isSteps(scripted: Answer | Behaviour | readonly Step[]): scripted is readonly Step[] {
  return Array.isArray(scripted);
}

/** Starts a provider on a free port of 127.0.0.1; `options` are its initial settings. */
export async function startProvider(options: Partial<ProviderSettings> = {}): Promise<Provider> {
  // No limits of its own: what a slow or silent client leads to is the test's business.
  const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 60_000, noDelay: true });
  const port = await listenOnOwnPort(server);
  const initialSettings = () => ({ ...defaultSettings(), ...structuredClone(options) });
  return new Provider(server, port, initialSettings);
}
