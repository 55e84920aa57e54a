// Moves an answer's bytes to the caller as they arrive, meters them on the way, and lets the last one go only when the ledger has the outcome.
import { HeadgateError } from "../core/errors.ts";
import { type Call, CallerGone } from "./call.ts";
import type { Meter } from "./meter/meter.ts";
import { addEndpointHeaders, answerHeaders, mergeVary } from "./reply/answer-headers.ts";
import { errorEvent, type StreamDialect } from "./reply/error-body.ts";
import { discardRest } from "./reply/send-error.ts";
import type { WithholdUsageChunk } from "./stream/withhold-usage-chunk.ts";
import { type AnswerConsumer, type Attempt, pauseReason } from "./upstream/attempt.ts";
import type { UpstreamHead } from "./upstream/response-headers.ts";

/** For the end of a broken answer to reach its caller. */
const cutTimeoutMs = 5000;

/** Larger ones are not copied to be sent together with the head. */
const joinedBytesMax = 4096;

/** How the answer ended. */
export interface RelayOutcome {
  status: number;
  /** Null: all went well. */
  error: string | null;
  /** False when bytes are missing at the end: tokens can only be estimated. */
  complete: boolean;
}

export interface RelayOptions {
  call: Call;
  attempt: Attempt;
  head: UpstreamHead;
  meter: Meter;
  withhold: WithholdUsageChunk | null;
  streamDialect: StreamDialect;
  /** The stream has told the id under which its provider keeps it. */
  identified: () => void;
  /** Writes the settled record; calls back when it is kept (or could not be). */
  settle: (outcome: RelayOutcome, done: () => void) => void;
}

/** Relays a whole answer; resolves when the caller has it, or is gone. */
export function relay(options: RelayOptions): Promise<void> {
  return new Promise((resolve) => {
    const running = new Relay(options, resolve);
    options.attempt.consume(running);
  });
}

class Relay implements AnswerConsumer {
  readonly #options: RelayOptions;
  readonly #resolve: () => void;
  readonly #isStream: boolean;
  /** The length that the caller is told; null where an error event may have to be added. */
  readonly #length: number | null;
  #seenBytes = 0;
  /** Whether the outcome is in the ledger. */
  #settled: "no" | "waiting" | "yes" = "no";
  /** Bytes that wait for it. */
  #held: Buffer[] = [];
  /** No more bytes will come. */
  #ended = false;
  /** What ends the answer instead of a normal end, when it broke. */
  #breakOff: (() => void) | null = null;
  /** The caller reads more slowly than the endpoint sends. */
  #draining = false;

  constructor(options: RelayOptions, resolve: () => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#isStream = options.head.isEventStream;
    const mayGrow = options.withhold !== null || (this.#isStream && options.head.readable && options.head.status < 300);
    options.call.capture?.answerBegins(options.head.contentType, options.head.encoding);
    this.#length = mayGrow ? null : options.head.contentLength;
    const abort = () => options.attempt.abort(new CallerGone());
    options.call.onGone = abort;
    if (options.call.isGone) abort();
  }

  data(chunk: Buffer): void {
    if (this.#ended) return;
    const { call, attempt, meter, withhold } = this.#options;
    const progress = meter.onChunk(chunk);
    if (progress.meaningful) attempt.progress();
    if (progress.identified) this.#options.identified();
    call.firstByteAtMs ??= attempt.firstByteAtMs;
    this.#seenBytes += chunk.length;
    const isWhole = this.#length !== null && this.#seenBytes >= this.#length;
    if (progress.terminated || isWhole) this.#settle(this.#completeOutcome(), isWhole);
    const out = withhold === null ? chunk : withhold.push(chunk);
    if (out !== null) this.#write(out);
    if (isWhole) this.end();
  }

  end(): void {
    if (this.#ended) return;
    const { meter, withhold, head } = this.#options;
    if (this.#settled === "no" && this.#isStream && head.status < 300 && meter.endsEarly) {
      // A clean end without the dialect's terminator: SDKs would take half an answer for a whole one.
      this.fail(new HeadgateError("upstream_interrupted", { detail: "the stream ended without its terminator" }));
      return;
    }
    const tail = withhold?.end() ?? null;
    if (tail !== null) this.#write(tail);
    this.#ended = true;
    // HTTP's own end behind an error event would make the stream look whole to clients that don't know that event.
    if (meter.endsInError) this.#breakOff = this.#cutSilently;
    this.#settle(this.#completeOutcome());
    this.#advance();
  }

  fail(error: HeadgateError | CallerGone): void {
    if (this.#ended) return;
    this.#ended = true;
    // Once the outcome is settled the answer was whole: a connection that breaks behind it changes nothing.
    if (this.#settled === "no") {
      const { call, head, meter } = this.#options;
      if (error instanceof CallerGone) {
        const destroy = () => call.res.destroy();
        this.#breakOff = destroy;
        this.#settle({ status: 499, error: "client_disconnected", complete: false });
      } else {
        call.detail = error.options.detail ?? null;
        const saidSo = meter.endsInError;
        const cut = () => this.#cut(error);
        this.#breakOff = saidSo ? this.#cutSilently : cut;
        this.#settle({ status: head.status, error: saidSo ? "stream_error" : error.code, complete: false });
      }
    }
    this.#advance();
  }

  #completeOutcome(): RelayOutcome {
    const { head, meter } = this.#options;
    const error = meter.sawError ? "stream_error" : head.status >= 400 ? "upstream_error" : null;
    return { status: head.status, error, complete: true };
  }

  /** `isLast`: no more bytes are to be expected, so there is nothing to hold up. */
  #settle(outcome: RelayOutcome, isLast = true): void {
    if (this.#settled !== "no") return;
    this.#settled = "waiting";
    this.#options.call.status = outcome.status;
    this.#options.call.errorCode = outcome.error;
    if (!isLast) this.#options.attempt.pause(pauseReason.settling);
    this.#options.settle(outcome, () => {
      this.#settled = "yes";
      this.#advance();
      // Last: resuming may hand over the next bytes at once, which must not overtake those that waited.
      this.#options.attempt.resume(pauseReason.settling);
    });
  }

  #write(chunk: Buffer): void {
    this.#options.call.capture?.answered(chunk);
    if (this.#settled === "waiting") this.#held.push(chunk);
    else this.#send(chunk);
  }

  /** Lets go what waited for the ledger, and ends the answer when nothing more will come. */
  #advance(): void {
    if (this.#settled !== "yes") return;
    const { res } = this.#options.call;
    const held = this.#held;
    this.#held = [];
    const last = this.#ended && this.#breakOff === null ? held.pop() : undefined;
    for (const chunk of held) this.#send(chunk);
    if (!this.#ended) return;
    this.#options.call.onGone = null;
    if (this.#breakOff !== null) {
      this.#breakOff();
    } else if (!res.destroyed) {
      this.#writeHead();
      // Head and body leave in one piece when the body is text to node:http; as latin1 every byte stays what it is.
      if (last !== undefined && held.length === 0 && last.length <= joinedBytesMax) res.end(last.toString("latin1"), "latin1");
      else res.end(last);
      // An answer that did not wait for the whole request: what is left of that would block the connection.
      discardRest(this.#options.call.req);
    }
    this.#resolve();
  }

  #send(chunk: Buffer): void {
    const { call, attempt } = this.#options;
    if (call.res.destroyed) return;
    this.#writeHead();
    if (call.res.write(chunk)) return;
    attempt.pause(pauseReason.slowCaller);
    if (this.#draining) return;
    this.#draining = true;
    call.res.once("drain", () => {
      this.#draining = false;
      attempt.resume(pauseReason.slowCaller);
    });
  }

  #writeHead(): void {
    const { call, head } = this.#options;
    if (call.res.headersSent) return;
    const headers = answerHeaders(call);
    addEndpointHeaders(headers, head.headers, call);
    mergeVary(headers, call.res.getHeader("vary"));
    if (this.#length !== null) headers.push("content-length", String(this.#length));
    if (head.status >= 400) headers.push("x-headgate-error-source", "upstream");
    call.res.writeHead(head.status, headers);
  }

  /** Ends the connection after what was written, without the terminator that would make the answer look whole. */
  #cut(error: HeadgateError | null): void {
    const { call, streamDialect, head } = this.#options;
    const { res } = call;
    if (res.destroyed) return;
    // Into compressed bytes no word can be put.
    if (error !== null && this.#isStream && head.readable) {
      this.#writeHead();
      const event = errorEvent(error, streamDialect, call.id);
      call.capture?.answered(Buffer.from(event));
      res.write(event);
    }
    const { socket } = res;
    if (socket === null || !res.headersSent) {
      res.destroy();
      return;
    }
    // HTTP/1.0 ends every answer by a close: only a reset tells that this one is not whole.
    if (res.chunkedEncoding || this.#length !== null) socket.destroySoon();
    else socket.write("", () => setImmediate(() => socket.resetAndDestroy()));
    // A caller that reads nothing would keep what is left to be written, and the connection, for ever.
    setTimeout(() => socket.destroy(), cutTimeoutMs).unref();
  }

  readonly #cutSilently = () => this.#cut(null);
}
