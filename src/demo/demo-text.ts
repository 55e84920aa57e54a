// What the demo provider says: that it is a demo, and what it was asked. Tokens are words.

import { wordPaceMs } from "./demo-models.ts";
import type { DemoBody } from "./demo-reply.ts";

export interface DemoAnswer {
  text: string;
  /** The words of `text`, each with the space before it. */
  words: string[];
  /** Whether the caller's maximum cut the text short. */
  truncated: boolean;
  inputTokens: number;
  outputTokens: number;
  /** Time between words in a stream. */
  paceMs: number;
}

const quotedCharacters = 300;

/** The answer to the texts of a request in their order; `maxTokens` cuts it when it is a positive number. */
export function demoAnswer(model: unknown, texts: readonly string[], maxTokens: unknown): DemoAnswer {
  const inputTokens = texts.reduce((sum, text) => sum + countWords(text), 0);
  const question = (texts.at(-1) ?? "").trim();
  const full = [
    "This answer comes from the Headgate demo provider; there is no model behind it.",
    question === "" ? "Your request had no text." : `You asked ${model}: "${shortened(question)}"`,
    `That was message ${texts.length} of this conversation, which has ${inputTokens} words so far.`,
    "Register a real endpoint to get a real answer.",
  ].join(" ");
  const all = full.match(/\s*\S+/g) ?? [];
  const maximum = typeof maxTokens === "number" && maxTokens > 0 ? Math.floor(maxTokens) : all.length;
  const words = all.slice(0, maximum);
  const text = words.join("");
  return {
    text,
    words,
    truncated: words.length < all.length,
    inputTokens,
    outputTokens: words.length,
    paceMs: wordPaceMs(model),
  };
}

/** The texts of `messages` (OpenAI's and Anthropic's): content as a string or as parts with `text`; one string per message. */
export function messageTexts(messages: unknown): string[] {
  if (typeof messages === "string") return [messages];
  if (!Array.isArray(messages)) return [];
  return messages.map((message) => contentText((message as DemoBody | null)?.content));
}

/** The text of one message's content. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part) => (part as DemoBody | null)?.text)
    .filter((text) => typeof text === "string")
    .join(" ");
}

export function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

function shortened(text: string): string {
  const characters = [...text];
  return characters.length <= quotedCharacters ? text : `${characters.slice(0, quotedCharacters).join("")}…`;
}
