// What a call's path says about its answer: which terminator to expect, and what to estimate when no usage comes.

/** `uncharged`: the answer may show token counts, but none were used to make it. */
export type MeterKind = "chat" | "completions" | "responses" | "messages" | "gemini" | "embeddings" | "uncharged" | "unknown";

const kindByEnd: readonly (readonly [RegExp, MeterKind])[] = [
  [/\/messages\/count_tokens$|\/responses\/input_tokens$|:countTokens$/, "uncharged"],
  // Stored answers, looked at or cancelled: their tokens were counted when they were made.
  [/\/responses\/(?!compact$)|\/chat\/completions\//, "uncharged"],
  [/\/chat\/completions$/, "chat"],
  [/\/completions$/, "completions"],
  [/\/responses(?:\/compact)?$/, "responses"],
  [/\/messages$/, "messages"],
  [/:(?:streamG|g)enerateContent$/, "gemini"],
  [/\/embeddings$|:(?:embedContent|batchEmbedContents)$/, "embeddings"],
];

/** The kind of a path without query, whatever precedes its last segments. */
export function meterKind(path: string, method: string): MeterKind {
  if (method !== "POST") return "uncharged";
  const plain = path.endsWith("/") ? path.slice(0, -1) : path;
  return kindByEnd.find(([end]) => end.test(plain))?.[1] ?? "unknown";
}

/** Whether a stream of this kind says itself that it is complete. */
export function hasTerminator(kind: MeterKind): boolean {
  return kind === "chat" || kind === "completions" || kind === "responses" || kind === "messages";
}

/** Whether the answer is text that a model wrote, so that its size tells something about its tokens. */
export function isGeneratedText(kind: MeterKind): boolean {
  return hasTerminator(kind) || kind === "gemini";
}
