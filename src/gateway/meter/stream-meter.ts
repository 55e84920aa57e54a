// Meters an event stream of any dialect. Most events are only counted; those that may hold usage or an error are parsed.
import { estimateTokens, noTokens, type TokenUsage } from "../../core/tokens.ts";
import { keyWithValue } from "../stream/key-with-value.ts";
import { holdsUsage, notableKeys } from "../stream/notable-keys.ts";
import type { SseEvent } from "../stream/sse-event.ts";
import { SseSplitter } from "../stream/sse-splitter.ts";
import { estimateUsage } from "./estimate-usage.ts";
import { findLastUsage } from "./find-usage.ts";
import type { Meter, MeteredUsage, MeterProgress } from "./meter.ts";
import { hasTerminator, type MeterKind } from "./meter-kind.ts";
import { hasError, isFinal, modelOf, usageOf } from "./read-answer.ts";
import { isObject, type JsonObject } from "./read-usage.ts";

/** Larger events are searched, not parsed. */
const parsedBytesMax = 64 * 1024;
/** An incomplete event this large is no ping. */
const progressBytes = 4096;

const finishReasonKey = Buffer.from('"finish_reason"');
const doneData = Buffer.from("[DONE]");
/** Shorter events may be anything; longer single lines are JSON. */
const shortBytes = 20;
const typeStart = Buffer.from('{"type":');
const space = 0x20;
const quote = 0x22;

/** Types of events; OpenAI's `[DONE]`, which is no JSON, counts as one. */
const terminators = new Set(["[DONE]", "message_stop", "response.completed", "response.incomplete", "response.failed"]);
const errorTypes = new Set(["error", "response.failed"]);

export class StreamMeter implements Meter {
  readonly #kind: MeterKind;
  readonly #inputTokensEstimate: number;
  readonly #splitter = new SseSplitter((event) => this.#onEvent(event));
  readonly #progress: MeterProgress = { meaningful: false, terminated: false, errorEvent: false };
  #usage: TokenUsage | null = null;
  #usageIsFinal = false;
  #model: string | null = null;
  #sawError = false;
  #terminated = false;
  /** The last event that brought content. */
  #lastContent: Buffer | null = null;
  #contentEvents = 0;
  #contentBytes = 0;
  #smallestBytes = Number.POSITIVE_INFINITY;

  constructor(kind: MeterKind, inputTokensEstimate: number) {
    this.#kind = kind;
    this.#inputTokensEstimate = inputTokensEstimate;
  }

  onChunk(chunk: Buffer): MeterProgress {
    const progress = this.#progress;
    progress.meaningful = false;
    progress.terminated = false;
    progress.errorEvent = false;
    this.#splitter.push(chunk);
    if (this.#splitter.heldBytes > progressBytes) progress.meaningful = true;
    return progress;
  }

  get sawError(): boolean {
    return this.#sawError;
  }

  get endsEarly(): boolean {
    if (!hasTerminator(this.#kind) || this.#terminated || this.#sawError || this.#usageIsFinal) return false;
    // The terminator itself may lack its blank line.
    const rest = this.#splitter.peek();
    if (rest !== null && terminators.has(typeOf(rest) ?? "")) return false;
    // Some providers leave out [DONE]; a finish reason tells as well that nothing is missing.
    const last = rest?.data ?? this.#lastContent;
    return last === null || !keyWithValue(last, finishReasonKey, quote);
  }

  finish(outcome: { complete: boolean }): MeteredUsage {
    this.#splitter.end();
    const { sawError } = this;
    const model = this.#model;
    if (this.#kind === "uncharged") return { usage: { ...noTokens }, source: "measured", sawError, model };
    const known = this.#usage;
    if (known !== null && (outcome.complete || this.#usageIsFinal)) return { usage: known, source: "measured", sawError, model };
    return { usage: estimateUsage(known, this.#inputTokensEstimate, this.#outputTokensSeen()), source: "estimated", sawError, model };
  }

  /** Providers send about one token per event; when they send more, the events are longer than the shortest. */
  #outputTokensSeen(): number {
    if (this.#contentEvents === 0 || this.#kind === "embeddings") return 0;
    const textBytes = this.#contentBytes - this.#contentEvents * this.#smallestBytes;
    return Math.max(this.#contentEvents, estimateTokens(textBytes));
  }

  #onEvent(event: SseEvent): void {
    const { bytes } = event;
    if (event.oversized) {
      this.#progress.meaningful = true;
      this.#note(event.name);
      this.#searchUsage(bytes, event.name);
      return;
    }
    const type = typeOf(event);
    if (type === undefined || type === "ping") return;
    this.#progress.meaningful = true;
    this.#note(type);
    const flags = notableKeys(bytes);
    const answer = flags === 0 ? null : this.#look(event, type, (flags & holdsUsage) !== 0);
    if (isContent(type) && !isUsageOnly(answer)) this.#count(bytes);
  }

  #note(type: string | null): void {
    if (type === null) return;
    if (terminators.has(type)) {
      this.#terminated = true;
      this.#progress.terminated = true;
    }
    if (errorTypes.has(type)) this.#fail();
  }

  #fail(): void {
    this.#sawError = true;
    this.#progress.errorEvent = true;
  }

  /** Parses an event that may hold usage or an error; null when it is too large for that, or no JSON object. */
  #look(event: SseEvent, type: string | null, mayHoldUsage: boolean): JsonObject | null {
    const { data } = event;
    const answer = data === null || data.length > parsedBytesMax ? null : parseObject(data);
    if (answer === null) {
      if (mayHoldUsage) this.#searchUsage(event.bytes, type);
      return null;
    }
    this.#model ??= modelOf(answer);
    if (hasError(answer)) this.#fail();
    const usage = mayHoldUsage ? usageOf(answer) : null;
    if (usage !== null) {
      // Anthropic says the input at the start, the cumulative output at the end.
      this.#takeUsage(usage, answer.type === "message_start" || answer.type === "message_delta");
      this.#usageIsFinal = isFinal(answer);
    } else if (mayHoldUsage && this.#kind === "unknown") {
      this.#searchUsage(event.bytes, type);
    }
    return answer;
  }

  #searchUsage(bytes: Buffer, type: string | null): void {
    const usage = findLastUsage(bytes);
    if (usage === null) return;
    this.#takeUsage(usage, false);
    this.#usageIsFinal = type !== null && terminators.has(type);
  }

  #takeUsage(usage: TokenUsage, isPart: boolean): void {
    this.#usage = isPart && this.#usage !== null ? largest(this.#usage, usage) : usage;
  }

  #count(bytes: Buffer): void {
    this.#contentEvents++;
    this.#contentBytes += bytes.length;
    if (bytes.length < this.#smallestBytes) this.#smallestBytes = bytes.length;
    // The splitter reuses the memory of an event that came in pieces.
    this.#lastContent = this.#splitter.heldBytes > 0 ? Buffer.from(bytes) : bytes;
  }
}

/** The event's name or the `type` that its data begins with, null when it has neither; undefined when it says nothing at all. */
function typeOf(event: SseEvent): string | null | undefined {
  const { bytes } = event;
  // The usual chat chunk is one line of data: there is no name to look for, and nothing to be copied out of it.
  if (event.lineCount === 1 && bytes.length > shortBytes && bytes[0] === 0x64 && bytes[4] === 0x3a) {
    return leadingType(bytes, bytes[5] === space ? 6 : 5);
  }
  const { name, data } = event;
  if (data === null || data.length === 0) return undefined;
  if (data.equals(doneData)) return "[DONE]";
  return name === null || name === "message" ? leadingType(data, 0) : name;
}

/** The `type` of the data that begins at `from`, when it comes first in it; else null. */
function leadingType(bytes: Buffer, from: number): string | null {
  for (let index = 0; index < typeStart.length; index++) if (bytes[from + index] !== typeStart[index]) return null;
  let start = from + typeStart.length;
  if (bytes[start] === space) start++;
  if (bytes[start] !== quote) return null;
  const bound = Math.min(bytes.length, start + 80);
  for (let at = start + 1; at < bound; at++) if (bytes[at] === quote) return bytes.toString("latin1", start + 1, at);
  return null;
}

/** Whether events of this type bring text: all without one (chat), else the deltas of content. */
function isContent(type: string | null): boolean {
  if (type === null || type === "completion") return true;
  return (type.endsWith("delta") && type !== "message_delta") || type.endsWith("chunk");
}

function isUsageOnly(answer: JsonObject | null): boolean {
  return answer !== null && (hasError(answer) || (Array.isArray(answer.choices) && answer.choices.length === 0));
}

function parseObject(data: Buffer): JsonObject | null {
  try {
    const parsed: unknown = JSON.parse(data.toString());
    return isObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

function largest(a: TokenUsage, b: TokenUsage): TokenUsage {
  return {
    inputTokens: Math.max(a.inputTokens, b.inputTokens),
    cachedInputTokens: Math.max(a.cachedInputTokens, b.cachedInputTokens),
    cacheWriteTokens: Math.max(a.cacheWriteTokens, b.cacheWriteTokens),
    outputTokens: Math.max(a.outputTokens, b.outputTokens),
    reasoningTokens: Math.max(a.reasoningTokens, b.reasoningTokens),
  };
}
