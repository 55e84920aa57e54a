// Meters an event stream of any dialect. Most events are only counted; those that may hold usage or an error are parsed.
import { estimateTokens, noTokens, type TokenUsage } from "../../core/tokens.ts";
import { streamErrorStatus } from "../failover/stream-error-status.ts";
import { JsonGlance } from "../stream/json-glance.ts";
import type { SseEvent } from "../stream/sse-event.ts";
import { SseSplitter } from "../stream/sse-splitter.ts";
import { estimateUsage } from "./estimate-usage.ts";
import { responseIdOfEvent } from "./find-response-id.ts";
import { findLastUsage } from "./find-usage.ts";
import type { Meter, MeteredUsage, MeterProgress } from "./meter.ts";
import { hasTerminator, type MeterKind } from "./meter-kind.ts";
import { hasError, isFinal, modelOf, usageOf } from "./read-answer.ts";
import { isObject, type JsonObject } from "./usage-parts.ts";
import { usageWith } from "./usage-with.ts";

/** Larger events are searched, not parsed. */
const parsedBytesMax = 64 * 1024;
/** The id is in the first event that says anything; some servers send others of their own before. */
const eventsWithId = 8;
/** An incomplete event this large is no ping. */
const progressBytes = 4096;

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
  readonly #glance = new JsonGlance();
  readonly #splitter = new SseSplitter((event) => this.#onEvent(event));
  readonly #progress: MeterProgress = { meaningful: false, terminated: false, errorEvent: false, identified: false };
  #usage: TokenUsage | null = null;
  #usageIsFinal = false;
  #model: string | null = null;
  #sawError = false;
  errorStatus: number | null = null;
  #terminated = false;
  #failedByTerminator = false;
  /** A finish reason has come. */
  #finished = false;
  /** Events that brought text, and how much. */
  #textEvents = 0;
  #textBytes = 0;
  #responseId: string | null = null;
  /** So many more events are looked at for the answer's id. */
  #eventsToIdentify: number;

  /** `identifies`: the answer may have an id worth knowing. */
  constructor(kind: MeterKind, inputTokensEstimate: number, identifies: boolean) {
    this.#kind = kind;
    this.#inputTokensEstimate = inputTokensEstimate;
    this.#eventsToIdentify = identifies ? eventsWithId : 0;
  }

  onChunk(chunk: Buffer): MeterProgress {
    const progress = this.#progress;
    progress.meaningful = false;
    progress.terminated = false;
    progress.errorEvent = false;
    progress.identified = false;
    this.#splitter.push(chunk);
    if (this.#splitter.heldBytes > progressBytes) progress.meaningful = true;
    return progress;
  }

  get sawError(): boolean {
    return this.#sawError;
  }

  get endsInError(): boolean {
    return this.#sawError && !this.#failedByTerminator;
  }

  get responseId(): string | null {
    return this.#responseId;
  }

  get endsEarly(): boolean {
    // Some providers leave out [DONE]; a finish reason tells as well that nothing is missing.
    if (!hasTerminator(this.#kind) || this.#terminated || this.#sawError || this.#finished) return false;
    // The terminator itself may lack its blank line.
    const rest = this.#splitter.peek();
    return rest === null || !terminators.has(typeOf(rest) ?? "");
  }

  finish(outcome: { complete: boolean }): MeteredUsage {
    this.#splitter.end();
    const { sawError } = this;
    const model = this.#model;
    if (this.#kind === "uncharged") return { usage: { ...noTokens }, source: "measured", sawError, model };
    const known = this.#usage;
    // What came before an error may be Anthropic's first word on usage.
    const isWhole = this.#usageIsFinal || (outcome.complete && !sawError);
    if (known !== null && isWhole) return { usage: known, source: "measured", sawError, model };
    return {
      usage: estimateUsage(known, this.#inputTokensEstimate, this.#outputTokensSeen()),
      source: "estimated",
      sawError,
      model,
    };
  }

  /** Providers send at least one token per event with text. */
  #outputTokensSeen(): number {
    return this.#kind === "embeddings" ? 0 : Math.max(this.#textEvents, estimateTokens(this.#textBytes));
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
    if (this.#eventsToIdentify > 0) this.#identify(event);
    const glance = this.#glance;
    glance.read(bytes);
    if (glance.holdsFinish) this.#finished = true;
    if (glance.textBytes > 0 && isContent(type)) {
      this.#textEvents++;
      this.#textBytes += glance.textBytes;
    }
    if (glance.holdsUsage || glance.holdsError) this.#look(event, type, glance.holdsUsage);
  }

  #identify(event: SseEvent): void {
    this.#eventsToIdentify--;
    const { data } = event;
    const id = data === null ? null : responseIdOfEvent(data);
    if (id === null) return;
    this.#eventsToIdentify = 0;
    this.#responseId = id;
    this.#progress.identified = true;
  }

  #note(type: string | null): void {
    if (type === null) return;
    if (terminators.has(type)) {
      this.#terminated = true;
      this.#progress.terminated = true;
    }
    if (type === "response.failed") this.#failedByTerminator = true;
    if (errorTypes.has(type)) this.#fail();
  }

  #fail(): void {
    this.#sawError = true;
    this.#progress.errorEvent = true;
  }

  /** Parses an event that may hold usage or an error, unless it is too large. */
  #look(event: SseEvent, type: string | null, mayHoldUsage: boolean): void {
    const { data } = event;
    const answer = data === null || data.length > parsedBytesMax ? null : parseObject(data);
    if (answer === null) {
      if (mayHoldUsage) this.#searchUsage(event.bytes, type);
      return;
    }
    this.#model ??= modelOf(answer);
    if (hasError(answer)) {
      this.#fail();
      this.errorStatus ??= streamErrorStatus(answer);
    }
    const usage = mayHoldUsage ? usageOf(answer) : null;
    if (usage !== null) {
      // Anthropic says the input at the start, the cumulative output at the end.
      this.#takeUsage(usage, answer.type === "message_start" || answer.type === "message_delta");
      this.#usageIsFinal = isFinal(answer);
    } else if (mayHoldUsage && this.#kind === "unknown") {
      this.#searchUsage(event.bytes, type);
    }
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

/** Whether events of this type bring text: all without one (chat), else the deltas of content; those of audio are base64. */
function isContent(type: string | null): boolean {
  if (type === null || type === "completion") return true;
  if (type.endsWith("audio.delta")) return false;
  return (type.endsWith("delta") && type !== "message_delta") || type.endsWith("chunk");
}

function parseObject(data: Buffer): JsonObject | null {
  try {
    const parsed: unknown = JSON.parse(data.toString());
    return isObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

/** Both are sums so far. Output and reasoning go together: what only the later one tells apart must not count twice. */
function largest(a: TokenUsage, b: TokenUsage): TokenUsage {
  const output = a.outputTokens + a.reasoningTokens > b.outputTokens + b.reasoningTokens ? a : b;
  return usageWith(
    {
      inputTokens: Math.max(a.inputTokens, b.inputTokens),
      cachedInputTokens: Math.max(a.cachedInputTokens, b.cachedInputTokens),
      cacheWriteTokens: Math.max(a.cacheWriteTokens, b.cacheWriteTokens),
      outputTokens: output.outputTokens,
      reasoningTokens: output.reasoningTokens,
    },
    // What the first word on usage says of the cache, the last one may leave out.
    { ...a.details, ...b.details },
  );
}
