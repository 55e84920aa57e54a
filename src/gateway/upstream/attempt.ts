// One try at one endpoint: sends the request, opens the answer, hands its bytes to whoever consumes them, with backpressure and every wait bounded.
import { Readable } from "node:stream";
import type { Clock, Timer } from "../../core/clock.ts";
import { HeadgateError } from "../../core/errors.ts";
import { classifyFailure } from "../../egress/failure.ts";
import type { CallerGone } from "../call.ts";
import { FirstEvent, type FirstEventVerdict } from "../failover/first-event.ts";
import { type AttemptTimeouts, Deadlines, type TimeoutName } from "./deadlines.ts";
import type { Http1Pool } from "./http1/http1-pool.ts";
import type { UpstreamControl, UpstreamHandler } from "./http1/upstream-request.ts";
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
export type Opening = OpenedAnswer | FailedOpening;

export interface OpenedAnswer {
  kind: "answer";
  head: UpstreamHead;
  /** All of an error answer; null for others, and for error answers that are too large to be held. */
  body: Buffer | null;
  /** It has ended without a byte of body. */
  isEmpty: boolean;
  /** Of an event stream that can be read: what it began with. */
  firstEvent: FirstEventVerdict | null;
}

/** Nothing came that could be relayed. */
export interface FailedOpening {
  kind: "failed";
  error: HeadgateError | CallerGone;
  timeout: TimeoutName | null;
  /** The endpoint may have seen the request (and may charge for it). */
  sent: boolean;
}

/** Takes the bytes of an answer. Calls come in order; exactly one of `end` and `fail` is the last. */
export interface AnswerConsumer {
  data(chunk: Buffer): void;
  end(): void;
  fail(error: HeadgateError | CallerGone): void;
}

/** Error answers up to this size are read whole before anything is decided. */
const errorBodyBytesMax = 256 * 1024;
const errorBodyMs = 2000;
/** Bytes kept for a consumer that has not come yet, before the endpoint is slowed down. */
const pendingBytesMax = 64 * 1024;

/** Why the flow of an answer is held up. It flows again when no reason is left. */
export const pauseReason = { noConsumer: 1, settling: 2, slowCaller: 4 } as const;
type PauseReason = (typeof pauseReason)[keyof typeof pauseReason];

export class Attempt implements UpstreamHandler {
  readonly opened: Promise<Opening>;
  readonly startedAtMs: number;
  /** When the first byte of the answer's body (or the end of an empty one) arrived; of an event stream, its first event. */
  firstByteAtMs: number | null = null;
  /** The wait that ended it; null when none did. */
  timedOutBy: TimeoutName | null = null;
  readonly #request: AttemptRequest;
  readonly #secrets: readonly Buffer[];
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  #open!: (opening: Opening) => void;
  #isOpen = false;
  #sent = false;
  #control: UpstreamControl | null = null;
  #head: UpstreamHead | null = null;
  #firstEvent: FirstEvent | null = null;
  #firstEventVerdict: FirstEventVerdict | null = null;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #consumer: AnswerConsumer | null = null;
  #outcome: { error: HeadgateError | CallerGone | null } | null = null;
  #pausedBy = 0;
  #errorBodyTimer: Timer | null = null;

  constructor(pool: Http1Pool, request: AttemptRequest, clock: Clock) {
    this.#request = request;
    this.#secrets = request.secrets.length === 0 ? noSecrets : request.secrets.map((secret) => Buffer.from(secret));
    this.#clock = clock;
    this.startedAtMs = clock.nowMs();
    this.opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    this.#deadlines = new Deadlines(clock, request.timeouts, this);
    try {
      this.#control = pool.dispatch(request, this);
    } catch (error) {
      this.#finish(unreachable(error));
    }
  }

  /** A wait is over. */
  timedOut(name: TimeoutName): void {
    this.timedOutBy = name;
    this.abort(timeoutError(name));
  }

  /** Ends the attempt at once; the endpoint's connection is closed. */
  abort(error: HeadgateError | CallerGone): void {
    if (this.#outcome !== null) return;
    this.#finish(error);
    this.#control?.abort(error);
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
      this.#control?.pause();
    }
    this.#pausedBy |= reason;
  }

  resume(reason: PauseReason): void {
    if (this.#pausedBy === 0) return;
    this.#pausedBy &= ~reason;
    if (this.#pausedBy !== 0 || this.#outcome !== null) return;
    this.#deadlines.resume();
    this.#control?.resume();
  }

  onStart(): void {
    this.#sent = true;
    const { body } = this.#request;
    // A body that streams through takes as long as its caller takes to send it.
    if (body instanceof Readable && !body.readableEnded) body.once("end", () => this.#deadlines.sent());
    else this.#deadlines.sent();
  }

  onHead(status: number, headers: string[]): void {
    this.#head = readUpstreamHead(status, headers, this.#request.secrets);
    if (status < 300 && this.#head.readable && this.#head.isEventStream) this.#firstEvent = new FirstEvent();
    // The status says enough to try elsewhere: a body that does not come is not waited for as an answer would be.
    if (status >= 300) {
      const giveUp = () => this.#openAnswer(null);
      this.#errorBodyTimer = this.#clock.after(errorBodyMs, giveUp);
    }
  }

  onData(chunk: Buffer): void {
    if (this.#outcome !== null) return;
    if (this.#consumer !== null) {
      this.#consumer.data(this.#masked(chunk));
      return;
    }
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#firstEvent !== null && this.#firstEventVerdict === null) {
      // Comments that come before it are held back: while nothing has reached the caller, another deployment can be tried.
      this.#firstEventVerdict = this.#firstEvent.push(chunk);
      if (this.#firstEventVerdict === null) return;
    }
    this.firstByteAtMs ??= this.#clock.nowMs();
    this.#deadlines.progress();
    const waitsForAll = this.#isErrorAnswer() && this.#pendingBytes <= errorBodyBytesMax;
    if (!waitsForAll) {
      this.#openAnswer(null);
      if (this.#pendingBytes > pendingBytesMax) this.pause(pauseReason.noConsumer);
    }
  }

  onEnd(): void {
    if (this.#outcome !== null) return;
    this.#finish(null);
  }

  onError(error: Error): void {
    if (this.#outcome !== null) return;
    const failure = this.#head === null ? unreachable(error) : interrupted(error);
    if (failure.code === "upstream_timeout") this.timedOutBy = "connect";
    this.#finish(failure);
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
    const isEmpty = this.#outcome !== null && this.#pendingBytes === 0;
    this.#open({ kind: "answer", head: this.#head as UpstreamHead, body, isEmpty, firstEvent: this.#firstEventVerdict });
  }

  #finish(error: HeadgateError | CallerGone | null): void {
    if (this.#outcome !== null) return;
    this.#outcome = { error };
    this.#deadlines.stop();
    this.#errorBodyTimer?.cancel();
    if (this.firstByteAtMs === null) this.firstByteAtMs = error === null ? this.#clock.nowMs() : null;
    if (this.#consumer !== null) {
      this.#tell(this.#consumer);
    } else if (!this.#isOpen) {
      if (error !== null) {
        this.#isOpen = true;
        this.#open({ kind: "failed", error, timeout: this.timedOutBy, sent: this.#sent });
      } else if (this.#isErrorAnswer()) {
        const body = withoutSecrets(Buffer.concat(this.#pending), this.#request.secrets);
        this.#pending = body.length === 0 ? [] : [body];
        const head = this.#head as UpstreamHead;
        if (this.#request.method !== "HEAD" && head.status !== 304) head.contentLength = body.length;
        this.#openAnswer(body);
      } else {
        this.#firstEventVerdict ??= this.#firstEvent?.end() ?? null;
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

const noSecrets: readonly Buffer[] = [];

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
