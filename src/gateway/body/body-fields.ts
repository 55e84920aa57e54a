// Collects the fields that the gateway needs from what the scanner meets at the first two levels of a body.
import { HeadgateError } from "../../core/errors.ts";
import { type AskedTokens, choicesMax } from "./asked-tokens.ts";
import type { ScannedBody, ScannedStreamOptions } from "./scanned-body.ts";

const textBytesMax = 1024;
const modelBytesMax = 512;
/** Sums and prices of larger counts would not be whole numbers any more. */
const countMax = 1_000_000_000;

/** Raw bytes beyond this can't decode to a text that is kept: an escape writes one byte in at most six, plus quotes. */
export const rawBytesMax = 6 * textBytesMax + 2;

const braceOpen = 0x7b;
const quote = 0x22;
const backslash = 0x5c;

/**
 * Told of every key and value at `depth` ≤ `watchedDepth` (1: in the body itself, 2: in an object that is its value).
 * Repeated keys: the last one counts, as for JSON.parse, except for `model` (refused), token maxima and choices (the largest) and
 * `previous_response_id` (none of them).
 */
export class BodyFields {
  /** 2 while inside `metadata`, `stream_options` or `generationConfig`, else 1. */
  watchedDepth = 1;
  /** The key whose value comes next at depth 1 and 2; "" when nobody needs it. */
  #outerKey = "";
  #innerKey = "";
  #valueStart = 0;
  #firstByte = 0;

  #model: string | null = null;
  #modelSeen = false;
  #modelTooLong = false;
  #modelStart = -1;
  #modelEnd = -1;
  #stream = false;
  #maxTokens: number | null = null;
  #maxOutputTokens: number | null = null;
  #maxGeneratedTokens: number | null = null;
  #choices: number | null = null;
  #candidates: number | null = null;
  #isInBackground = false;
  #user: string | null = null;
  #metadataUserId: string | null = null;
  #promptCacheKey: string | null = null;
  #previousResponseId: string | null = null;
  #previousResponseSeen = false;
  #storesResponse = true;
  #namesItsResponse = false;
  #streamOptions: ScannedStreamOptions | null = null;

  /** The key is `source[start…end)`, with its quotes. Throws `duplicate_model`. */
  key(depth: number, source: Buffer, start: number, end: number): void {
    const key = wantedKey(source, start, end);
    if (depth === 1) {
      this.#outerKey = key;
      if (key !== "model") return;
      if (this.#modelSeen) throw new HeadgateError("duplicate_model", { field: "model" });
      this.#modelSeen = true;
      return;
    }
    this.#innerKey = key;
    if (this.#outerKey === "stream_options" && this.#streamOptions !== null) this.#streamOptions.isEmpty = false;
  }

  /** A value begins at `at`. True when `valueEnd` wants its raw bytes. */
  valueStart(depth: number, at: number, firstByte: number): boolean {
    const key = depth === 1 ? this.#outerKey : this.#innerKey;
    if (key === "") return false;
    if (depth === 2) {
      this.#valueStart = at;
      this.#firstByte = firstByte;
      return key === "user_id" || this.#isGeneration;
    }
    this.#firstByte = firstByte;
    this.#valueStart = at;
    if (key === "metadata") this.#metadataUserId = null;
    else if (key === "stream_options") this.#startStreamOptions(at, firstByte);
    else if (!this.#isGeneration) return true;
    if (firstByte === braceOpen) this.watchedDepth = 2;
    return false;
  }

  /** The value that began last at this depth ended before `end`; `raw` is null when too long or not asked for. */
  valueEnd(depth: number, end: number, raw: Buffer | null): void {
    if (depth === 2) {
      if (this.#innerKey !== "") this.#innerEnd(end, raw);
      return;
    }
    this.watchedDepth = 1;
    switch (this.#outerKey) {
      case "model":
        this.#modelStart = this.#valueStart;
        this.#modelEnd = end;
        this.#model = this.#text(raw);
        this.#modelTooLong = this.#firstByte === quote && this.#model === null;
        break;
      case "stream":
        this.#stream = this.#firstByte === 0x74;
        break;
      case "max_tokens":
      case "max_completion_tokens":
        this.#maxTokens = this.#largest(this.#maxTokens, raw);
        break;
      case "max_output_tokens":
        this.#maxOutputTokens = this.#largest(this.#maxOutputTokens, raw);
        break;
      case "n":
      case "best_of":
        this.#choices = this.#largest(this.#choices, raw);
        break;
      case "background":
        this.#isInBackground = this.#firstByte === 0x74;
        break;
      case "user":
        this.#user = this.#text(raw);
        break;
      case "prompt_cache_key":
        this.#promptCacheKey = this.#text(raw);
        break;
      case "stream_options":
        if (this.#streamOptions !== null) this.#streamOptions.end = end;
        break;
      case "previous_response_id":
        this.#previousResponse(raw);
        break;
      case "store":
        this.#storesResponse = this.#firstByte !== 0x66;
        break;
      case "request_id":
        this.#namesItsResponse = true;
        break;
    }
  }

  /** What was found so far. */
  asked(inputTokens: number): AskedTokens {
    return {
      inputTokens,
      maxTokens: this.#maxTokens,
      maxOutputTokens: this.#maxOutputTokens,
      maxGeneratedTokens: this.#maxGeneratedTokens,
      choices: inChoices(this.#choices),
      candidates: inChoices(this.#candidates),
      isInBackground: this.#isInBackground,
    };
  }

  /** Throws `model_required`. `bytes` is the length of the body. */
  finish(bytes: number): ScannedBody {
    const model = this.#model;
    if (this.#modelTooLong || (model !== null && Buffer.byteLength(model) > modelBytesMax)) {
      throw new HeadgateError("model_required", { field: "model", message: `"model" is longer than ${modelBytesMax} bytes.` });
    }
    if (model === null || model === "") throw new HeadgateError("model_required", { field: "model" });
    return {
      model,
      modelStart: this.#modelStart,
      modelEnd: this.#modelEnd,
      stream: this.#stream,
      user: this.#user,
      metadataUserId: this.#metadataUserId,
      promptCacheKey: this.#promptCacheKey,
      previousResponseId: this.#previousResponseId,
      storesResponse: this.#storesResponse,
      namesItsResponse: this.#namesItsResponse,
      streamOptions: this.#streamOptions,
      bytes,
    };
  }

  #startStreamOptions(at: number, firstByte: number): void {
    const isObject = firstByte === braceOpen;
    this.#streamOptions = {
      start: at,
      end: at,
      kind: isObject ? "object" : firstByte === 0x6e ? "null" : "other",
      includeUsage: null,
      includeUsageStart: -1,
      includeUsageEnd: -1,
      isEmpty: isObject,
      innerStart: isObject ? at + 1 : -1,
      duplicate: this.#streamOptions !== null,
    };
  }

  #innerEnd(end: number, raw: Buffer | null): void {
    if (this.#outerKey === "metadata") {
      if (this.#innerKey === "user_id") this.#metadataUserId = this.#text(raw);
    } else if (this.#isGeneration) {
      const key = this.#innerKey;
      if (key === "maxOutputTokens" || key === "max_output_tokens") {
        this.#maxGeneratedTokens = this.#largest(this.#maxGeneratedTokens, raw);
      } else if (key === "candidateCount" || key === "candidate_count") {
        this.#candidates = this.#largest(this.#candidates, raw);
      }
    } else if (this.#innerKey === "include_usage" && this.#streamOptions !== null) {
      const options = this.#streamOptions;
      if (options.includeUsageStart !== -1) options.duplicate = true;
      options.includeUsage = this.#firstByte === 0x74 ? true : this.#firstByte === 0x66 ? false : null;
      options.includeUsageStart = this.#valueStart;
      options.includeUsageEnd = end;
    }
  }

  #previousResponse(raw: Buffer | null): void {
    const isNull = this.#firstByte === 0x6e;
    this.#previousResponseId = this.#previousResponseSeen ? "" : isNull ? null : (this.#text(raw) ?? "");
    this.#previousResponseSeen = true;
  }

  /** The value as text; null when it is no string or longer than 1 KB. */
  #text(raw: Buffer | null): string | null {
    if (raw === null || this.#firstByte !== quote) return null;
    const text = decodeString(raw);
    return text.length <= textBytesMax && Buffer.byteLength(text) <= textBytesMax ? text : null;
  }

  /** Inside Gemini's settings, which may be written in either way. */
  get #isGeneration(): boolean {
    return this.#outerKey === "generationConfig" || this.#outerKey === "generation_config";
  }

  /** The larger of `known` and the number, rounded up; what is none, or is negative, does not count. */
  #largest(known: number | null, raw: Buffer | null): number | null {
    if (raw === null || !(this.#firstByte === 0x2d || (this.#firstByte >= 0x30 && this.#firstByte <= 0x39))) return known;
    const number = Math.ceil(Number(raw.toString("latin1")));
    return Number.isFinite(number) && number >= 0 ? Math.max(known ?? 0, Math.min(number, countMax)) : known;
  }
}

function inChoices(stated: number | null): number {
  return Math.min(Math.max(stated ?? 1, 1), choicesMax);
}

function decodeString(raw: Buffer): string {
  if (raw.includes(backslash)) return JSON.parse(raw.toString()) as string;
  return raw.toString("utf8", 1, raw.length - 1);
}

/** A key of ours by the length of its raw form, quotes included. */
const keysByLength = new Map<number, { key: string; bytes: Buffer }[]>();
for (const key of [
  "model",
  "stream",
  "max_tokens",
  "max_completion_tokens",
  "max_output_tokens",
  "user",
  "metadata",
  "prompt_cache_key",
  "stream_options",
  "previous_response_id",
  "store",
  "request_id",
  "n",
  "best_of",
  "background",
  "generationConfig",
  "generation_config",
  "user_id",
  "include_usage",
  "maxOutputTokens",
  "candidateCount",
  "candidate_count",
]) {
  const bytes = Buffer.from(`"${key}"`);
  keysByLength.set(bytes.length, [...(keysByLength.get(bytes.length) ?? []), { key, bytes }]);
}
/** Every byte of the longest of them written as an escape of six. */
const escapedKeyBytesMax = 6 * "max_completion_tokens".length + 2;

/** The key in `source[start…end)`, decoded, or "" when it is none of ours: bodies may hold millions of others. */
function wantedKey(source: Buffer, start: number, end: number): string {
  const length = end - start;
  const candidates = keysByLength.get(length);
  if (candidates !== undefined) {
    for (const { key, bytes } of candidates) {
      let index = 1;
      while (index < length && source[start + index] === bytes[index]) index++;
      if (index === length) return key;
    }
  }
  if (length > escapedKeyBytesMax) return "";
  for (let at = start; at < end; at++) {
    if (source[at] === backslash) {
      const key = JSON.parse(source.toString("utf8", start, end)) as string;
      return keysByLength.get(key.length + 2)?.some((candidate) => candidate.key === key) ? key : "";
    }
  }
  return "";
}
