// One call of the playground: sends a conversation and tells of the answer as it comes.
import { ApiError, changeHeaders, errorOf } from "../../api/client.ts";
import { apiPath } from "../../base-path.ts";
import { readEvents } from "./sse-reader.ts";

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

export interface ChatBody {
  model: string;
  messages: readonly ChatMessage[];
  temperature?: number;
  max_tokens?: number;
  stream: true;
  stream_options: { include_usage: true };
}

export interface ChatListener {
  /** Of the answer, or of the reasoning before it. */
  onText(text: string, isReasoning: boolean): void;
  onUsage(usage: { inputTokens: number; outputTokens: number }): void;
  /** Under which the call is in the ledger. */
  onRequestId(id: string): void;
}

interface Delta {
  content?: string | null;
  reasoning_content?: string | null;
  reasoning?: string | null;
}

interface Chunk {
  choices?: { delta?: Delta; message?: Delta }[];
  usage?: { prompt_tokens?: number; completion_tokens?: number } | null;
  error?: { message?: string; code?: string | number | null } | null;
}

/** Resolves at the end of the answer. Rejects with ApiError, also for an error within the stream, or with what `signal` was aborted with. */
export async function streamChat(body: ChatBody, listener: ChatListener, signal: AbortSignal): Promise<void> {
  const response = await send(body, signal);
  const id = response.headers.get("x-request-id");
  // One that was refused before anybody was asked is in no ledger.
  if (id !== null && response.headers.has("x-headgate-attempts")) listener.onRequestId(id);
  if (!response.ok) throw await failureOf(response);
  if (response.body === null) return;
  // An endpoint that does not stream answers in one piece.
  if (response.headers.get("content-type")?.startsWith("application/json")) {
    take((await response.json()) as Chunk, listener);
    return;
  }
  try {
    for await (const { data } of readEvents(response.body)) {
      if (data !== "[DONE]") take(parse(data), listener);
    }
  } catch (error) {
    if (signal.aborted || error instanceof ApiError) throw error;
    throw new ApiError(0, "interrupted", "The answer broke off: the connection was lost.");
  }
}

async function send(body: ChatBody, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(`${apiPath}/playground/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", ...changeHeaders() },
      body: JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError(0, "unreachable", "Headgate does not answer. Is it running, and is the network there?");
  }
}

/** A provider's 401 says nothing about one's own session. */
async function failureOf(response: Response): Promise<ApiError> {
  if (response.headers.get("x-headgate-error-source") !== "upstream") return errorOf(response);
  const body = (await response.json().catch(() => ({}))) as Chunk;
  const message = body.error?.message ?? `The endpoint answered ${response.status}.`;
  return new ApiError(response.status, String(body.error?.code ?? "upstream_error"), message);
}

function parse(data: string): Chunk {
  try {
    return JSON.parse(data) as Chunk;
  } catch {
    throw new ApiError(0, "not_understood", "The endpoint sent something that is no chat completion.");
  }
}

function take(chunk: Chunk, listener: ChatListener): void {
  if (chunk.error) {
    throw new ApiError(0, String(chunk.error.code ?? "upstream_error"), chunk.error.message ?? "The answer broke off.");
  }
  const choice = chunk.choices?.[0];
  const delta = choice?.delta ?? choice?.message;
  const reasoning = delta?.reasoning_content ?? delta?.reasoning;
  if (reasoning) listener.onText(reasoning, true);
  if (delta?.content) listener.onText(delta.content, false);
  const { prompt_tokens: inputTokens, completion_tokens: outputTokens } = chunk.usage ?? {};
  if (inputTokens !== undefined && outputTokens !== undefined) listener.onUsage({ inputTokens, outputTokens });
}
