// Reads the beginning of an event stream until it is known whether its first event is an error.
import { hasError } from "../meter/read-answer.ts";
import { isObject, type JsonObject } from "../meter/usage-parts.ts";
import type { SseEvent } from "../stream/sse-event.ts";
import { SseSplitter } from "../stream/sse-splitter.ts";
import { streamErrorStatus } from "./stream-error-status.ts";

/** `status`: the HTTP status that the error stands for. `none`: the stream ended before any event. */
export type FirstEventVerdict = { kind: "fine" } | { kind: "error"; status: number } | { kind: "none" };

/** A stream that has shown no event by then is let through: nothing more is kept back. */
const bytesMax = 16 * 1024;

const fine: FirstEventVerdict = Object.freeze({ kind: "fine" });
const none: FirstEventVerdict = Object.freeze({ kind: "none" });

/** One of these occurs in every event that is not simply fine; the usual first event is not parsed. */
const telling = /"(?:error|response\.failed|ping)"/;
const doneData = Buffer.from("[DONE]");

/**
 * One per stream; fed with its chunks from the start, however they are cut. Comments, pings and events without data don't
 * decide. Later events are not looked at: a Responses stream that begins with `response.created` is fine.
 */
export class FirstEvent {
  readonly #splitter = new SseSplitter((event) => this.#onEvent(event));
  #bytes = 0;
  #verdict: FirstEventVerdict | null = null;

  /** Null: it takes more bytes to tell. Once there is a verdict, it stays. */
  push(chunk: Buffer): FirstEventVerdict | null {
    if (this.#verdict !== null) return this.#verdict;
    const room = bytesMax - this.#bytes;
    const looked = chunk.length > room ? chunk.subarray(0, room) : chunk;
    this.#bytes += looked.length;
    this.#splitter.push(looked);
    if (this.#verdict === null) {
      // The splitter holds an event that ends with CR back for the LF that may belong to it; there is nothing to wait for.
      const last = this.#splitter.peek();
      if (last?.terminated === true) this.#onEvent(last);
    }
    if (this.#bytes === bytesMax) this.#verdict ??= fine;
    return this.#verdict;
  }

  /** The stream is over. */
  end(): FirstEventVerdict {
    if (this.#verdict === null) this.#splitter.end();
    this.#verdict ??= none;
    return this.#verdict;
  }

  #onEvent(event: SseEvent): void {
    if (this.#verdict !== null) return;
    const { data, name } = event;
    if (data === null || data.length === 0 || name === "ping") return;
    const isNamedError = name === "error" || name === "response.failed";
    if (event.terminated && !isNamedError && !telling.test(data.toString("latin1"))) {
      this.#verdict = fine;
      return;
    }
    const answer = parseObject(data);
    // What the end of the stream cut off is no event to anyone.
    if (!event.terminated && answer === null && !data.equals(doneData)) return;
    if (answer?.type === "ping") return;
    const isError = isNamedError || (answer !== null && saysError(answer));
    this.#verdict = isError ? { kind: "error", status: streamErrorStatus(answer ?? {}) } : fine;
  }
}

/** `object: "error"`: servers in the manner of FastChat, older vLLM among them. */
function saysError(answer: JsonObject): boolean {
  return hasError(answer) || answer.type === "response.failed" || answer.object === "error";
}

function parseObject(data: Buffer): JsonObject | null {
  try {
    const parsed: unknown = JSON.parse(data.toString());
    return isObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}
