// One call of the tally: what it asks for, how the providers treat it, and what its caller got.
import type { TokenUsage } from "../../../src/core/tokens.ts";
import type { LooseJson } from "../loose-json.ts";

/** What the caller does and what the providers do to it. */
export type TallyKind =
  | "chat"
  | "chat_stream"
  | "chat_stream_usage"
  | "chat_tools"
  | "chat_tools_stream"
  | "responses_stream"
  | "messages"
  | "messages_stream"
  | "messages_tools_stream"
  | "embeddings"
  /** The first provider that is asked fails, the next answers. */
  | "retried"
  /** Every provider that is asked fails. */
  | "failed"
  /** The first provider keeps the caller waiting, so that a second is asked beside it. */
  | "hedged"
  /** The caller leaves in the middle of the stream. */
  | "left"
  /** The provider's connection breaks in the middle of the stream. */
  | "broken"
  /** The provider says that the caller has made a mistake. */
  | "refused";

/** How often each comes, of all together: failures stay below what has a provider benched. */
const frequencies: Record<TallyKind, number> = {
  chat: 16,
  chat_stream: 14,
  chat_stream_usage: 10,
  chat_tools: 8,
  chat_tools_stream: 8,
  responses_stream: 8,
  messages: 8,
  messages_stream: 10,
  messages_tools_stream: 6,
  embeddings: 8,
  retried: 4,
  failed: 1,
  hedged: 2,
  left: 4,
  broken: 2,
  refused: 3,
};

/** Every kind as often as it comes, in an order that mixes them: the call of number `n` is of kind `n % length`. */
const kinds: readonly TallyKind[] = (Object.keys(frequencies) as TallyKind[])
  .flatMap((kind) => Array.from({ length: frequencies[kind] }, (_, index) => ({ kind, at: index / frequencies[kind] })))
  .sort((a, b) => a.at - b.at || (a.kind < b.kind ? -1 : 1))
  .map(({ kind }) => kind);

export interface TallyCall {
  /** Unique; what the provider reports follows from it. */
  number: number;
  kind: TallyKind;
  body: LooseJson;
  requestId: string | null;
  /** Null: the connection broke before an answer. */
  status: number | null;
  /** `gateway` or `upstream`, of an error. */
  errorSource: string | null;
  errorText: string | null;
  isComplete: boolean;
}

/** Words that a stream brings before its caller leaves, or it breaks. */
export const wordsSeen = 5;
export const word = "word ";
/** Of every caller's body: an estimate of its tokens tells nothing about which it is. */
const bodyBytes = 600;
export const estimatedInputTokens = bodyBytes / 4;

export function tallyCall(number: number): TallyCall {
  const kind = kinds[number % kinds.length] as TallyKind;
  return {
    number,
    kind,
    body: padded(bodyOf(number, kind)),
    requestId: null,
    status: null,
    errorSource: null,
    errorText: null,
    isComplete: false,
  };
}

/** What a provider reports when it answers the call, in Headgate's classes. The input is the call's own. */
export function usageOf(number: number, kind: TallyKind): TokenUsage {
  const isAnthropic = kind.startsWith("messages");
  const isEmbedding = kind === "embeddings";
  return {
    inputTokens: 1000 + number,
    cachedInputTokens: isEmbedding ? 0 : number % 97,
    cacheWriteTokens: isAnthropic ? number % 31 : 0,
    outputTokens: isEmbedding ? 0 : 1 + (number % 211),
    reasoningTokens: isEmbedding || isAnthropic ? 0 : number % 13,
  };
}

export function modelOf(kind: TallyKind): string {
  if (kind === "hedged") return "tally-hedged";
  return kind.startsWith("messages") ? "tally-claude" : "tally-pool";
}

function bodyOf(number: number, kind: TallyKind): LooseJson {
  const body: LooseJson = { model: modelOf(kind), tally: { number, kind } };
  if (kind === "embeddings") return { ...body, input: "hi" };
  if (kind === "responses_stream") return { ...body, input: "hi", stream: true };
  body.messages = [{ role: "user", content: "hi" }];
  body.max_tokens = 300;
  if (kind.includes("stream") || kind === "left" || kind === "broken") body.stream = true;
  if (kind === "chat_stream_usage") body.stream_options = { include_usage: true };
  const schema = { type: "object", properties: { city: { type: "string" } } };
  if (kind.startsWith("chat_tools")) body.tools = [{ type: "function", function: { name: "weather", parameters: schema } }];
  if (kind.startsWith("messages_tools")) body.tools = [{ name: "weather", input_schema: schema }];
  return body;
}

function padded(body: LooseJson): LooseJson {
  const without = Buffer.byteLength(JSON.stringify({ ...body, pad: "" }));
  if (without > bodyBytes) throw new Error(`a body of ${without} bytes can't be padded to ${bodyBytes}`);
  // Words, not one long text: that would be taken for an image.
  return { ...body, pad: "p ".repeat(bodyBytes).slice(0, bodyBytes - without) };
}
