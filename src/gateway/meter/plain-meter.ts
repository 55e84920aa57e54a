// Meters an answer that is no event stream: JSON that is parsed once when it is small, else searched at its end.
import { estimateTokens, noTokens, type TokenUsage } from "../../core/tokens.ts";
import { Base64Runs } from "../body/base64-runs.ts";
import { streamErrorStatus } from "../failover/stream-error-status.ts";
import { ByteWindow } from "../stream/byte-window.ts";
import { JsonGlance } from "../stream/json-glance.ts";
import { estimateUsage } from "./estimate-usage.ts";
import { responseIdOfAnswer } from "./find-response-id.ts";
import { findLastUsage } from "./find-usage.ts";
import type { Meter, MeteredUsage, MeterProgress } from "./meter.ts";
import { isGeneratedText, type MeterKind } from "./meter-kind.ts";
import { hasError, modelOf, usageOf } from "./read-answer.ts";
import { isObject, type JsonObject } from "./usage-parts.ts";

/** Answers up to this size are parsed; of larger ones as much of the end is kept. */
const keptBytesMax = 64 * 1024;
/** How much of a larger answer's beginning is kept for its id. */
const headBytes = 4096;

interface Reading {
  usage: TokenUsage | null;
  model: string | null;
  sawError: boolean;
  errorStatus: number | null;
}

export class PlainMeter implements Meter {
  readonly endsEarly = false;
  readonly #kind: MeterKind;
  readonly #inputTokensEstimate: number;
  /** Null when there is nothing to read in the answer. */
  readonly #kept: ByteWindow | null;
  readonly #identifies: boolean;
  readonly #progress: MeterProgress = { meaningful: false, terminated: false, errorEvent: false, identified: false };
  #bytes = 0;
  /** Of a text that has turned out too large to be kept: pictures in it are none. */
  #base64: Base64Runs | null = null;
  /** The beginning of an answer that has turned out too large to be kept. */
  #head: Buffer | null = null;
  #reading: Reading | null = null;

  /** `identifies`: the answer may have an id worth knowing. */
  constructor(kind: MeterKind, inputTokensEstimate: number, isText: boolean, identifies: boolean) {
    this.#kind = kind;
    this.#identifies = identifies;
    this.#inputTokensEstimate = inputTokensEstimate;
    this.#kept = kind === "uncharged" || !isText ? null : new ByteWindow(keptBytesMax);
  }

  onChunk(chunk: Buffer): MeterProgress {
    this.#bytes += chunk.length;
    this.#reading = null;
    if (this.#identifies && this.#head === null) this.#keepHead(chunk);
    if (isGeneratedText(this.#kind)) this.#countBase64(chunk);
    this.#kept?.hold(chunk);
    // Some providers send blank lines while the caller waits for an answer.
    this.#progress.meaningful = !isBlank(chunk);
    return this.#progress;
  }

  get sawError(): boolean {
    return this.#read().sawError;
  }

  get errorStatus(): number | null {
    return this.#read().errorStatus;
  }

  get endsInError(): boolean {
    return false;
  }

  get responseId(): string | null {
    if (!this.#identifies || this.#kept === null) return null;
    return responseIdOfAnswer(this.#head ?? this.#kept.bytes());
  }

  #countBase64(chunk: Buffer): void {
    const kept = this.#kept;
    if (kept === null || (this.#base64 === null && kept.total + chunk.length <= keptBytesMax)) return;
    if (this.#base64 === null) {
      this.#base64 = new Base64Runs();
      this.#base64.push(kept.bytes());
    }
    this.#base64.push(chunk);
  }

  /** Before `chunk` pushes the answer's beginning out of what is kept. */
  #keepHead(chunk: Buffer): void {
    if (this.#kept === null || this.#kept.total + chunk.length <= keptBytesMax) return;
    const pieces = [this.#kept.bytes().subarray(0, headBytes), chunk.subarray(0, headBytes)];
    this.#head = Buffer.concat(pieces).subarray(0, headBytes);
  }

  finish(outcome: { complete: boolean }): MeteredUsage {
    const { usage, model, sawError } = this.#read();
    if (this.#kind === "uncharged") return { usage: { ...noTokens }, source: "measured", sawError, model };
    if (usage !== null && outcome.complete) return { usage, source: "measured", sawError, model };
    const estimate = estimateUsage(usage, this.#inputTokensEstimate, usage === null ? this.#outputTokensSeen() : 0);
    return { usage: estimate, source: "estimated", sawError, model };
  }

  #outputTokensSeen(): number {
    if (!isGeneratedText(this.#kind)) return 0;
    if (this.#kept === null || this.#kept.total > keptBytesMax) return estimateTokens(this.#bytes - (this.#base64?.bytes ?? 0));
    const glance = new JsonGlance();
    glance.read(this.#kept.bytes());
    return estimateTokens(glance.textBytes);
  }

  #read(): Reading {
    this.#reading ??=
      this.#kept === null ? { usage: null, model: null, sawError: false, errorStatus: null } : readKept(this.#kept, this.#kind);
    return this.#reading;
  }
}

function readKept(kept: ByteWindow, kind: MeterKind): Reading {
  const bytes = kept.bytes();
  const answer = kept.total <= keptBytesMax ? parseAnswer(bytes) : null;
  if (answer === null) return { usage: findLastUsage(bytes), model: null, sawError: false, errorStatus: null };
  // On a path that nobody knows, the usage may be anywhere.
  const usage = usageOf(answer) ?? (kind === "unknown" ? findLastUsage(bytes) : null);
  return {
    usage,
    model: modelOf(answer),
    sawError: hasError(answer),
    errorStatus: hasError(answer) ? streamErrorStatus(answer) : null,
  };
}

function isBlank(chunk: Buffer): boolean {
  for (let at = 0; at < chunk.length; at++) if ((chunk[at] as number) > 0x20) return false;
  return true;
}

/** The answer as an object; of a list (Gemini's stream without SSE) its last element that has usage, or its last. */
function parseAnswer(bytes: Buffer): JsonObject | null {
  try {
    const parsed: unknown = JSON.parse(bytes.toString());
    if (!Array.isArray(parsed)) return isObject(parsed) ? parsed : null;
    const objects = parsed.filter(isObject);
    return objects.findLast((one) => usageOf(one) !== null) ?? objects.at(-1) ?? null;
  } catch {
    return null;
  }
}
