// One call of the load: what it asks for, the tokens that its answer will report, and what its caller got.
import type { LooseJson } from "../loose-json.ts";

/** How the answer comes: whole, as JSON in chunks, or as a stream of one of the dialects. */
export type LoadShape = "plain" | "chunked" | "chat_stream" | "chat_stream_usage" | "messages_stream" | "responses_stream";

export const loadShapes: readonly LoadShape[] = [
  "plain",
  "chunked",
  "chat_stream",
  "chat_stream_usage",
  "messages_stream",
  "responses_stream",
];

export interface LoadCall {
  /** Unique; the tokens that the provider reports follow from it. */
  number: number;
  /** Index of the caller, who makes one call at a time with a key of its own. */
  caller: number;
  shape: LoadShape;
  /** Words of the answer. */
  words: number;
  /** Pause of the provider before every chunk. */
  everyMs: number;
  body: string;
  /** What came back, as far as it came. */
  requestId: string | null;
  status: number | null;
  errorCode: string | null;
  /** Every byte that makes the answer whole has arrived. */
  isComplete: boolean;
}

/** What the provider reports for a call, so that no two calls have the same figures. */
export function tokensOf(number: number): { inputTokens: number; outputTokens: number } {
  return { inputTokens: 1_000_000 + number, outputTokens: 2 * number + 1 };
}

export function targetOf(shape: LoadShape): string {
  if (shape === "messages_stream") return "/v1/messages";
  return shape === "responses_stream" ? "/v1/responses" : "/v1/chat/completions";
}

/** The caller's body: what the API takes, and under `load` what the provider needs to answer it. */
export function bodyOf(model: string, call: Pick<LoadCall, "number" | "shape" | "words" | "everyMs">): string {
  const { number, shape, words, everyMs } = call;
  const isStream = shape.includes("stream");
  const body: LooseJson = { load: { number, shape, words, everyMs }, model, stream: isStream };
  if (shape === "responses_stream") body.input = "hi";
  else body.messages = [{ role: "user", content: "hi" }];
  if (shape === "messages_stream") body.max_tokens = 100;
  if (shape === "chat_stream_usage") body.stream_options = { include_usage: true };
  return JSON.stringify(body);
}

/** The end that makes a stream whole, whatever happens to its connection then; null for plain answers. */
export function terminatorOf(shape: LoadShape): RegExp | null {
  if (shape === "messages_stream") return /event: message_stop\n.*\n\n$/;
  if (shape === "responses_stream") return /event: response\.completed\n.*\n\n$/;
  return shape.includes("stream") ? /data: \[DONE\]\n\n$/ : null;
}
