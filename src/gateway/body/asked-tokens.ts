// How many tokens a call may use, as far as its body tells: the size of its input, and the output that it allows.
import { estimateTokens } from "../../core/tokens.ts";
import type { MeterKind } from "../meter/meter-kind.ts";

/**
 * What a picture, a document or a recording is taken for, whatever its bytes. Pictures cost about that at most at the large providers
 * (Anthropic 1,600, OpenAI 1,500 at usual sizes, Gemini 258 a tile); of documents and recordings the length decides, which can't be told
 * from here. The real figure replaces it when the call is over.
 */
export const tokensPerAttachment = 1600;

/** Providers take fewer; without a bound one call could ask for everything that there is. */
export const choicesMax = 128;

/** Of maxima and of choices the largest that the body states counts; null: none. Each dialect heeds its own field only. */
export interface AskedTokens {
  /** An estimate from bytes: see `estimateInput`. */
  inputTokens: number;
  /** `max_tokens` and `max_completion_tokens`: OpenAI's chat and completions, Anthropic. */
  maxTokens: number | null;
  /** `max_output_tokens`: OpenAI's Responses. */
  maxOutputTokens: number | null;
  /** `generationConfig.maxOutputTokens`: Gemini. */
  maxGeneratedTokens: number | null;
  /** `n` and `best_of`, 1 to `choicesMax`: OpenAI's chat and completions. */
  choices: number;
  /** `generationConfig.candidateCount`, 1 to `choicesMax`. */
  candidates: number;
  /** `background`: OpenAI's Responses. Its answer begins, and is then made without the caller, who looks for it later. */
  isInBackground: boolean;
}

/** Tokens in `bytes` of JSON, of which `attachedBytes` are the base64 of `attachments` things that are no text. */
export function estimateInput(bytes: number, attachedBytes: number, attachments: number): number {
  return estimateTokens(Math.max(bytes - attachedBytes, 0)) + attachments * tokensPerAttachment;
}

/** How many answers a call of this kind is charged for. */
export function answersOf(kind: MeterKind, asked: AskedTokens | null): number {
  if (asked === null) return 1;
  if (kind === "chat" || kind === "completions") return asked.choices;
  if (kind === "gemini") return asked.candidates;
  return kind === "unknown" ? Math.max(asked.choices, asked.candidates) : 1;
}

/** The most tokens that each answer may have as the call states it; null: it does not. */
export function maximumOf(kind: MeterKind, asked: AskedTokens | null): number | null {
  if (kind === "embeddings" || kind === "uncharged") return 0;
  if (asked === null) return null;
  const { maxTokens, maxOutputTokens, maxGeneratedTokens } = asked;
  if (kind === "chat" || kind === "completions" || kind === "messages") return maxTokens;
  if (kind === "responses") return maxOutputTokens;
  if (kind === "gemini") return maxGeneratedTokens;
  const stated = [maxTokens, maxOutputTokens, maxGeneratedTokens].filter((maximum) => maximum !== null);
  return stated.length === 0 ? null : Math.max(...stated);
}
