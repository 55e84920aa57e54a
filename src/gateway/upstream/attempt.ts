// One try at one endpoint: sends the request, opens the answer, hands its bytes to whoever consumes them, with backpressure and every wait bounded.
import { Readable } from "node:stream";
import type { Dispatcher, Pool } from "undici";
import type { Clock } from "../../core/clock.ts";
import { HeadgateError } from "../../core/errors.ts";
import { classifyFailure } from "../../egress/failure.ts";
import type { CallerGone } from "../call.ts";
import { type AttemptTimeouts, Deadlines, type TimeoutName } from "./deadlines.ts";
import { readUpstreamHead, type UpstreamHead } from "./response-headers.ts";

export interface AttemptRequest {
  method: string;
  path: string;
  headers: string[];
  body: Buffer | readonly Buffer[] | Readable | null;
  timeouts: AttemptTimeouts;
  /** Texts that no response header or error body may show. */
  secrets: readonly string[];
}

/** How an attempt opened. An answer's bytes come through `consume`; `body` shows those of an error answer beforehand. */
export type Opening =
  | { kind: "answer"; head: UpstreamHead; body: Buffer | null }
  /** Nothing came that could be relayed. `sent`: the endpoint may have seen the request (and may charge for it). */
  | { kind: "failed"; error: HeadgateError | CallerGone; sent: boolean };

/** Takes the bytes of an answer. Calls come in order; exactly one of `end` and `fail` is the last. */
export interface AnswerConsumer {
  data(chunk: Buffer): void;
  end(): void;
  fail(error: HeadgateError | CallerGone): void;
}

/** Error answers up to this size are read whole before anything is decided. */
const errorBodyBytesMax = 256 * 1024;
/** Bytes kept for a consumer that has not come yet, before the endpoint is slowed down. */
const pendingBytesMax = 64 * 1024;

/** Why the flow of an answer is held up. It flows again when no reason is left. */
export const pauseReason = { noConsumer: 1, settling: 2, slowCaller: 4 } as const;
type PauseReason = (typeof pauseReason)[keyof typeof pauseReason];

export class Attempt implements Dispatcher.DispatchHandler {
  readonly opened: Promise<Opening>;
  readonly startedAtMs: number;
  /** When the first byte of the answer's body (or the end of an empty one) arrived. */
  firstByteAtMs: number | null = null;
  readonly #request: AttemptRequest;
  readonly #secrets: readonly Buffer[];
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  #open!: (opening: Opening) => void;
  #isOpen = false;
  #sent = false;
  #controller: Dispatcher.DispatchController | null = null;
  #head: UpstreamHead | null = null;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #consumer: AnswerConsumer | null = null;
  #outcome: { error: HeadgateError | CallerGone | null } | null = null;
  #abortedWith: HeadgateError | CallerGone | null = null;
  #pausedBy = 0;
  #release: (() => void) | null = null;

  constructor(pool: Pool, request: AttemptRequest, clock: Clock) {
    this.#request = request;
    this.#secrets = request.secrets.map((secret) => Buffer.from(secret));
    this.#clock = clock;
    this.startedAtMs = clock.nowMs();
    this.opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    this.#deadlines = new Deadlines(clock, request.timeouts, (name) => this.abort(timeoutError(name)));
    try {
      pool.dispatch(
        {
          path: request.path,
          method: request.method as Dispatcher.HttpMethod,
          headers: request.headers,
          body: request.body as Dispatcher.DispatchOptions["body"],
          // A list of buffers is sent as it is, without being copied into one.
        },
        this,
      );
    } catch (error) {
      this.#finish(unreachable(error));
    }
  }

  /** Ends the attempt at once; the endpoint's connection is closed. */
  abort(error: HeadgateError | CallerGone): void {
    if (this.#outcome !== null || this.#abortedWith !== null) return;
    this.#abortedWith = error;
    // Without a controller the request waits for a connection: it is aborted the moment it gets one.
    if (this.#controller !== null) this.#controller.abort(error);
    this.#finish(error);
  }

  /** Starts the flow of the answer's bytes to `consumer`, those that have arrived first. */
  consume(consumer: AnswerConsumer): void {
    this.#consumer = consumer;
    const pending = this.#pending;
    this.#pending = [];
    for (const chunk of pending) consumer.data(this.#masked(chunk));
    if (this.#outcome !== null) this.#tell(consumer);
    else this.resume(pauseReason.noConsumer);
  }

  /** The consumer saw an event that counts as progress. */
  progress(): void {
    this.#deadlines.progress();
  }

  pause(reason: PauseReason): void {
    if (this.#pausedBy === 0) {
      this.#deadlines.pause();
      this.#controller?.pause();
    }
    this.#pausedBy |= reason;
  }

  resume(reason: PauseReason): void {
    if (this.#pausedBy === 0) return;
    this.#pausedBy &= ~reason;
    if (this.#pausedBy !== 0 || this.#outcome !== null) return;
    this.#deadlines.resume();
    this.#controller?.resume();
  }

  /** Runs `done` once nothing of the request is held any more: at once, or when the queue for a connection lets it go. */
  whenReleased(done: () => void): void {
    if (this.#outcome !== null && this.#abortedWith !== null && this.#controller === null) this.#release = done;
    else done();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#abortedWith !== null) {
      controller.abort(this.#abortedWith);
      return;
    }
    this.#sent = true;
    const { body } = this.#request;
    // A body that streams through takes as long as its caller takes to send it.
    if (body instanceof Readable && !body.readableEnded) body.once("end", () => this.#deadlines.sent());
    else this.#deadlines.sent();
  }

  onResponseStart(controller: Dispatcher.DispatchController, statusCode: number): void {
    if (statusCode < 200) return;
    const rawHeaders = (controller as unknown as { rawHeaders: Buffer[] }).rawHeaders;
    this.#head = readUpstreamHead(statusCode, rawHeaders, this.#request.secrets);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#outcome !== null) return;
    if (this.#consumer !== null) {
      this.#consumer.data(this.#masked(chunk));
      return;
    }
    this.firstByteAtMs ??= this.#clock.nowMs();
    this.#deadlines.progress();
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    const waitsForAll = this.#isErrorAnswer() && this.#pendingBytes <= errorBodyBytesMax;
    if (!waitsForAll) {
      this.#openAnswer(null);
      if (this.#pendingBytes > pendingBytesMax) this.pause(pauseReason.noConsumer);
    }
  }

  onResponseEnd(): void {
    if (this.#outcome !== null) return;
    this.#finish(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#release?.();
    this.#release = null;
    if (this.#outcome !== null) return;
    this.#finish(this.#abortedWith ?? (this.#head === null ? unreachable(error) : interrupted(error)));
  }

  /** The chunk, with a credential that the endpoint repeats in it overwritten; the length stays, and so does a promised content-length. */
  #masked(chunk: Buffer): Buffer {
    for (const secret of this.#secrets) {
      let at = chunk.indexOf(secret);
      if (at < 0) continue;
      chunk = Buffer.from(chunk);
      for (; at >= 0; at = chunk.indexOf(secret, at)) chunk.fill("*", at, at + secret.length);
    }
    return chunk;
  }

  #isErrorAnswer(): boolean {
    return this.#head !== null && this.#head.status >= 300;
  }

  #openAnswer(body: Buffer | null): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#open({ kind: "answer", head: this.#head as UpstreamHead, body });
  }

  #finish(error: HeadgateError | CallerGone | null): void {
    if (this.#outcome !== null) return;
    this.#outcome = { error };
    this.#deadlines.stop();
    if (this.firstByteAtMs === null) this.firstByteAtMs = error === null ? this.#clock.nowMs() : null;
    if (this.#consumer !== null) {
      this.#tell(this.#consumer);
    } else if (!this.#isOpen) {
      if (error !== null) {
        this.#isOpen = true;
        this.#open({ kind: "failed", error, sent: this.#sent });
      } else if (this.#isErrorAnswer()) {
        const body = withoutSecrets(Buffer.concat(this.#pending), this.#request.secrets);
        this.#pending = body.length === 0 ? [] : [body];
        const head = this.#head as UpstreamHead;
        if (this.#request.method !== "HEAD" && head.status !== 304) head.contentLength = body.length;
        this.#openAnswer(body);
      } else {
        this.#openAnswer(null);
      }
    }
  }

  #tell(consumer: AnswerConsumer): void {
    const error = this.#outcome?.error ?? null;
    if (error === null) consumer.end();
    else consumer.fail(error);
  }
}

function timeoutError(name: TimeoutName): HeadgateError {
  return new HeadgateError("upstream_timeout", {
    message: `The endpoint that serves this model did not answer in time (${name} timeout).`,
    detail: `timeout: ${name}`,
  });
}

function unreachable(error: unknown): HeadgateError {
  const failure = classifyFailure(error);
  if (failure.code === "timeout") return timeoutError("connect");
  return new HeadgateError("upstream_unreachable", { detail: `${failure.stage}: ${failure.message}`, cause: error });
}

function interrupted(error: Error): HeadgateError {
  return new HeadgateError("upstream_interrupted", { detail: error.message, cause: error });
}

/** Providers have been seen to quote the key they refuse. */
function withoutSecrets(body: Buffer, secrets: readonly string[]): Buffer {
  if (!secrets.some((secret) => body.includes(secret))) return body;
  let text = body.toString("latin1");
  for (const secret of secrets) text = text.replaceAll(Buffer.from(secret).toString("latin1"), "[secret]");
  return Buffer.from(text, "latin1");
}
