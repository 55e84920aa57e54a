// Reads the usage of one attempt from its answer's bytes as they pass, for every dialect, without changing or delaying them.
import type { TokenUsage } from "../../core/tokens.ts";
import { meterKind } from "./meter-kind.ts";
import { PlainMeter } from "./plain-meter.ts";
import { StreamMeter } from "./stream-meter.ts";

export interface MeterOptions {
  /** The call's path behind the version segment, without query: `/chat/completions`, `/models/x:generateContent`. */
  path: string;
  /** Default POST. Other methods look at what was paid for before: they use no tokens. */
  method?: string;
  /** The answer's content type, any case; "" when it has none. */
  contentType: string;
  /** The answer's status. */
  status: number;
  /** False when the bytes are encoded so that only the caller can read them. */
  readable: boolean;
  /** Taken for the input tokens when the provider never says them. */
  inputTokensEstimate: number;
  /** False: the provider was asked not to keep the answer, so its id is of no use. Default true. */
  keepsResponse?: boolean;
}

/** What a chunk brought. One object per meter, valid until its next chunk. */
export interface MeterProgress {
  /** False when the chunk held nothing but comments, pings, empty events or white space: no progress for the idle timeout. */
  meaningful: boolean;
  /** The stream's own terminator was completed: `[DONE]`, `message_stop`, `response.completed` and its like. Gemini has none. */
  terminated: boolean;
  /** The stream reported an error. */
  errorEvent: boolean;
  /** The stream has told its `responseId`: from now on the caller may use it. */
  identified: boolean;
}

export interface MeteredUsage {
  usage: TokenUsage;
  /** `measured`: the provider's final word (or no tokens at all). `estimated`: it said nothing, or only part before the end. */
  source: "measured" | "estimated";
  /** A 2xx answer that carried an error. */
  sawError: boolean;
  /** The model as the answer names it, when it was looked at. */
  model: string | null;
}

export interface Meter {
  onChunk(chunk: Buffer): MeterProgress;
  /** `complete`: the answer's last byte has been seen, or its terminator. May be called again; later calls repeat the sum. */
  finish(outcome: { complete: boolean }): MeteredUsage;
  /** A 2xx answer has carried an error so far. */
  readonly sawError: boolean;
  /** The HTTP status that this error stands for; null when none was seen, or it does not say. */
  readonly errorStatus: number | null;
  /** A stream that has reported an error by an event that is not its dialect's own way to end: nothing may make it look whole. */
  readonly endsInError: boolean;
  /**
   * The id under which the provider keeps the answer: of OpenAI's Responses, 2xx, when it is one that `isResponseId` takes.
   * A stream's is known with its first events; a plain answer's when it has come as a whole: it is not to be asked for before.
   */
  readonly responseId: string | null;
  /**
   * True for a stream that would be half an answer if it ended now: its dialect has a terminator and it has brought neither
   * that nor what comes just before it (a finish reason, the final usage), nor an error.
   */
  readonly endsEarly: boolean;
}

/** The meter for an answer, known by its head. Answers outside 2xx use no tokens. */
export function createMeter(options: MeterOptions): Meter {
  const { status, readable, inputTokensEstimate } = options;
  const contentType = options.contentType.toLowerCase();
  const kind = meterKind(options.path, options.method ?? "POST");
  const isGood = status >= 200 && status < 300;
  const identifies = isGood && kind === "responses" && options.keepsResponse !== false;
  if (isGood && readable && contentType.startsWith("text/event-stream")) {
    return new StreamMeter(kind, inputTokensEstimate, identifies);
  }
  const isText = readable && !/^(?:audio|image|video)\//.test(contentType);
  return new PlainMeter(isGood ? kind : "uncharged", inputTokensEstimate, isText, identifies);
}
